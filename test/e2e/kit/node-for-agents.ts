import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { release as hostRelease } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { busyboxRef } from "./busybox-image.ts";
import { emulatedMs, eventually, kubectl } from "./kubectl.ts";
import type { Workspace } from "./workspace.ts";

const shared = "/srv/localkube-test-agents";
const hostPort = 18_099;
/** Below these, a handful of agents that watch files is enough for "too many open files". */
const least = { instances: 128, watches: 8192 };

interface Volume {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly propagation?: string;
}

const pod = (
  name: string,
  script: string,
  volumes: readonly Volume[],
  more: object = {},
  ports: object[] = [],
) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    ...more,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name,
        image: busyboxRef,
        command: ["sh", "-c", script],
        securityContext: { privileged: true },
        ports,
        volumeMounts: volumes.map(({ name: volume, path, propagation }) => ({
          name: volume,
          mountPath: path === "/" ? "/whole" : `/host${path}`,
          ...(propagation ? { mountPropagation: propagation } : {}),
        })),
      },
    ],
    volumes: volumes.map(({ name: volume, path, type }) => ({ name: volume, hostPath: { path, type } })),
  },
});

/**
 * Expects of a running node what DaemonSets take for granted: mounts that reach from a pod into the node and from there into another pod,
 * the kernel's log, modules and bpf folder, device nodes, the node's processes, a port of the node's, room for watching files. Needs the
 * busybox image in the cluster; leaves nothing behind.
 */
export async function expectNodeForAgents(user: Workspace, profile: string): Promise<void> {
  const k = kubectl(user, profile);
  const inNode = async (...argv: string[]) =>
    (await user.ok(["ssh", "-p", profile, "--", ...argv])).stdout.trim();
  const inAgent = (script: string) => k("exec", "agent", "--", "sh", "-c", script);
  const volume = (propagation: string): Volume => ({
    name: "shared",
    path: shared,
    type: "DirectoryOrCreate",
    propagation,
  });
  const agent = pod(
    "agent",
    "echo of-agent > /tmp/index.html; httpd -f -p 8080 -h /tmp",
    [
      volume("Bidirectional"),
      { name: "kmsg", path: "/dev/kmsg", type: "CharDevice" },
      { name: "null", path: "/dev/null", type: "CharDevice" },
      { name: "modules", path: "/lib/modules", type: "Directory" },
      { name: "bpf", path: "/sys/fs/bpf", type: "Directory", propagation: "Bidirectional" },
      { name: "root", path: "/", type: "Directory", propagation: "HostToContainer" },
    ],
    { hostPID: true },
    [{ containerPort: 8080, hostPort }],
  );
  const watcher = pod("watcher", "sleep 100000", [volume("HostToContainer")]);
  const file = join(user.home, "agents.json");
  await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: [agent, watcher] }));
  try {
    // An emulated API server that is busy makes its OpenAPI document longer than the 32 s that kubectl waits for it; the next call finds it.
    await eventually(
      () => k("apply", "-f", file),
      () => true,
      emulatedMs,
    );
    await k("wait", "--for=condition=Ready", "pod/agent", "pod/watcher", "--timeout=600s");

    // A CSI driver mounts; the node and every other pod see it, and see it go.
    await inAgent(
      `mkdir -p /host${shared}/volume && busybox mount -t tmpfs none /host${shared}/volume && echo seen > /host${shared}/volume/file`,
    );
    expect(await inNode("cat", `${shared}/volume/file`)).toBe("seen");
    expect(await k("exec", "watcher", "--", "cat", `/host${shared}/volume/file`)).toBe("seen");
    // And what the node mounts.
    await inNode(
      "sh",
      "-c",
      `mkdir -p ${shared}/node && mount -t tmpfs none ${shared}/node && echo seen > ${shared}/node/file`,
    );
    expect(await k("exec", "watcher", "--", "cat", `/host${shared}/node/file`)).toBe("seen");
    expect(await inAgent(`cat /whole${shared}/node/file`)).toBe("seen");
    await inAgent(`busybox umount /host${shared}/volume`);
    await inNode("umount", `${shared}/node`);
    expect(
      await k("exec", "watcher", "--", "ls", `/host${shared}/volume`, `/host${shared}/node`),
    ).not.toMatch(/file/);

    expect(await inAgent("cat /proc/1/comm")).toBe("systemd");
    await inAgent("echo to-nowhere > /host/dev/null && : < /host/dev/kmsg");
    const modules = await inNode("ls", "/lib/modules");
    expect(await inAgent("ls /host/lib/modules")).toBe(modules);
    // A machine that shares this host's kernel has what this host has of its modules.
    const release = await inNode("uname", "-r");
    if (release !== hostRelease() || existsSync(`/lib/modules/${release}`))
      expect(modules.split("\n")).toContain(release);
    for (const [name, limit] of Object.entries(least))
      expect(Number(await inAgent(`cat /proc/sys/fs/inotify/max_user_${name}`))).toBeGreaterThanOrEqual(
        limit,
      );

    const address = await k(
      ...["get", "node", profile, "-o", "jsonpath={.status.addresses[?(@.type=='InternalIP')].address}"],
    );
    const ask = `exec 3<>/dev/tcp/${address}/${hostPort}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    expect(
      await eventually(
        () => inNode("bash", "-c", ask),
        (text) => text.includes("of-agent"),
      ),
    ).toContain("of-agent");
  } finally {
    await k("delete", "pod", "agent", "watcher", "--ignore-not-found", "--wait=false");
    await inNode(
      "sh",
      "-c",
      `for f in volume node; do mountpoint -q ${shared}/$f && umount ${shared}/$f; done; rm -rf --one-file-system ${shared}`,
    );
  }
}
