import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { busyboxImage } from "./busybox-image.ts";
import { eventually } from "./kubectl.ts";
import type { Workspace } from "./workspace.ts";

const run = promisify(execFile);

export const secureRegistry = "reg.localkube.test:5000";
export const plainRegistry = "mirror.localkube.test:5001";
/** The hash is what htpasswd makes of that password (bcrypt). */
export const login = { username: "alice", password: "right-pw" };
const passwordHash = "$2y$05$abcdefghijklmnopqrstuuT/CUgfXzsAxgLT4ENcZK6cqF.vpHVS.";

/** Files of two instances of Debian's docker-registry with the same images: with TLS of a private authority and passwords, and without both. */
export interface RegistryFiles {
  readonly folder: string;
  /** Certificate of the authority. */
  readonly authority: string;
}

/** Makes them below that folder; `names` are those of repositories that get the busybox image as `:1`. */
export async function registryFiles(home: string, names: readonly string[]): Promise<RegistryFiles> {
  const folder = await mkdtemp(join(home, "registry-"));
  const at = (name: string): string => join(folder, name);
  await mkdir(at("storage"));
  await certificates(folder);
  await writeFile(at("htpasswd"), `${login.username}:${passwordHash}\n`);
  const settings = (port: number) => ({
    version: 0.1,
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: "/srv/registry/storage" } },
    http: { addr: `:${port}` },
  });
  const secured = {
    ...settings(5000),
    http: {
      addr: ":5000",
      tls: { certificate: "/srv/registry/server.pem", key: "/srv/registry/server.key" },
    },
    auth: { htpasswd: { realm: "test", path: "/srv/registry/htpasswd" } },
  };
  await writeFile(at("secure.yml"), stringify(secured));
  await writeFile(at("plain.yml"), stringify(settings(5001)));
  await fill(folder, home, names);
  return { folder, authority: at("ca.pem") };
}

async function certificates(folder: string): Promise<void> {
  const openssl = (...args: readonly string[]) => run("openssl", [...args], { cwd: folder });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "2",
    "-subj",
    "/CN=a private authority",
  );
  await openssl("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=registry");
  const [name = ""] = secureRegistry.split(":");
  await writeFile(join(folder, "san"), `subjectAltName=DNS:${name}\n`);
  const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san"];
  await openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", ...signed);
}

/** Pushes the image to an instance on this host's loopback, whose storage then goes to the machine. */
async function fill(folder: string, home: string, names: readonly string[]): Promise<void> {
  const port = await freePort();
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(folder, "storage") } },
    http: { addr: `127.0.0.1:${port}` },
  };
  await writeFile(join(folder, "fill.yml"), stringify(config));
  const server = spawn("docker-registry", ["serve", join(folder, "fill.yml")], { stdio: "ignore" });
  try {
    const base = `http://127.0.0.1:${port}/v2`;
    await eventually(
      () => fetch(`${base}/`).then(({ status }) => String(status), String),
      (status) => status === "200",
    );
    const layout = await mkdtemp(join(home, "layout-"));
    await run("tar", ["-xf", await busyboxImage(home), "-C", layout]);
    const blob = (digest: string) => readFile(join(layout, "blobs", digest.replace(":", "/")));
    const index = JSON.parse(await readFile(join(layout, "index.json"), "utf8")) as { manifests: Blob[] };
    const manifest = await blob(index.manifests[0]!.digest);
    const { config: image, layers } = JSON.parse(manifest.toString()) as { config: Blob; layers: Blob[] };
    for (const name of names) {
      for (const { digest } of [image, ...layers]) {
        const begun = await fetch(`${base}/${name}/blobs/uploads/`, { method: "POST" });
        const place = new URL(begun.headers.get("location") ?? "", base);
        place.searchParams.set("digest", digest);
        await put(place, await blob(digest), "application/octet-stream");
      }
      await put(
        new URL(`${base}/${name}/manifests/1`),
        manifest,
        "application/vnd.oci.image.manifest.v1+json",
      );
    }
  } finally {
    server.kill("SIGKILL");
  }
}

interface Blob {
  readonly digest: string;
}

async function put(url: URL, body: Uint8Array<ArrayBuffer>, type: string): Promise<void> {
  const { status } = await fetch(url, { method: "PUT", body, headers: { "content-type": type } });
  if (status !== 201) throw new Error(`${url.pathname}: ${status}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

/** Runs both instances in the cluster's machine, under names that only the machine knows, at its own address: runtimes trust loopback anyway. */
export async function serveRegistries(
  user: Workspace,
  profile: string,
  { folder }: RegistryFiles,
): Promise<void> {
  await user.ok(["ssh", "-p", profile, "--", "mkdir", "-p", "/srv/registry"]);
  await user.ok(["cp", "-p", profile, "/usr/bin/docker-registry", ":/srv/registry/"]);
  for (const name of ["storage", "server.pem", "server.key", "htpasswd", "secure.yml", "plain.yml"])
    await user.ok(["cp", "-p", profile, join(folder, name), ":/srv/registry/"]);
  const names = [secureRegistry, plainRegistry].map((name) => name.split(":")[0]);
  const script = `
    echo "$(hostname -I | cut -d' ' -f1) ${names.join(" ")}" >> /etc/hosts
    chmod +x /srv/registry/docker-registry
    for name in secure plain; do systemd-run --quiet --unit "registry-$name" /srv/registry/docker-registry serve "/srv/registry/$name.yml"; done`;
  await user.ok(["ssh", "-p", profile, "--", "sh", "-c", script]);
}
