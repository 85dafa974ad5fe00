import { createHash } from "node:crypto";
import { connect } from "node:net";
import { Server, ServerCredentials, type ServiceDefinition, status } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";

/** Written from the public api.proto, with less in it than in the product's: what a server must know to keep its state. */
const { root } = protobuf.parse(`
syntax = "proto3";
message VersionRequest {}
message VersionResponse { string version = 1; string runtime_name = 2; string runtime_version = 3; string runtime_api_version = 4; }
message StatusRequest {}
message StatusResponse { RuntimeStatus status = 1; map<string, string> info = 2; }
message RuntimeStatus { repeated RuntimeCondition conditions = 1; }
message RuntimeCondition { string type = 1; bool status = 2; string reason = 3; string message = 4; }
message RuntimeConfigRequest {}
message RuntimeConfigResponse { Linux linux = 1; }
message Linux { int32 cgroup_driver = 1; }
message ImageFsInfoRequest {}
message ImageFsInfoResponse { repeated Usage image_filesystems = 1; }
message Usage { int64 timestamp = 1; }
message ImageSpec { string image = 1; string user_specified_image = 18; }
message Image { string id = 1; repeated string repo_tags = 2; repeated string repo_digests = 3; uint64 size = 4; }
message ImageStatusRequest { ImageSpec image = 1; }
message ImageStatusResponse { Image image = 1; }
message ListImagesRequest {}
message ListImagesResponse { repeated Image images = 1; }
message PullImageRequest { ImageSpec image = 1; }
message PullImageResponse { string image_ref = 1; }
message RemoveImageRequest { ImageSpec image = 1; }
message Metadata { string name = 1; string uid = 2; string namespace = 3; }
message LinuxSandbox { string cgroup_parent = 1; }
message SandboxConfig { Metadata metadata = 1; string log_directory = 3; map<string, string> labels = 6; LinuxSandbox linux = 8; }
message RunPodSandboxRequest { SandboxConfig config = 1; }
message ById { string pod_sandbox_id = 1; }
message Filter { string id = 1; map<string, string> label_selector = 3; }
message ListPodSandboxRequest { Filter filter = 1; }
message Sandbox { string id = 1; int32 state = 3; map<string, string> labels = 5; }
message ListPodSandboxResponse { repeated Sandbox items = 1; }
message Network { string ip = 1; }
message SandboxStatus { string id = 1; int32 state = 3; Network network = 5; }
message PodSandboxStatusResponse { SandboxStatus status = 1; }
message ContainerConfig { ImageSpec image = 2; repeated string command = 3; map<string, string> labels = 9; string log_path = 11; }
message CreateContainerRequest { string pod_sandbox_id = 1; ContainerConfig config = 2; SandboxConfig sandbox_config = 3; }
message Container { string container_id = 1; }
message ContainerFilter { string id = 1; map<string, string> label_selector = 4; }
message ListContainersRequest { ContainerFilter filter = 1; }
message Listed { string id = 1; int32 state = 6; map<string, string> labels = 8; }
message ListContainersResponse { repeated Listed containers = 1; }
message ContainerStatus { string id = 1; int32 state = 3; int32 exit_code = 7; }
message ContainerStatusResponse { ContainerStatus status = 1; }
message ExecSyncRequest { string container_id = 1; repeated string cmd = 2; }
message ExecSyncResponse { bytes stdout = 1; bytes stderr = 2; int32 exit_code = 3; }
message Url { string url = 1; }
message Attributes { string id = 1; }
message Stats { Attributes attributes = 1; }
message OneStats { Stats stats = 1; }
message ManyStats { repeated Stats stats = 1; }
message Empty {}
`);

interface Sandbox {
  readonly id: string;
  /** 1: it has ended. */
  readonly state?: 1;
  readonly labels: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
}
interface Container extends Pick<Sandbox, "id" | "labels"> {
  readonly sandbox: string;
  state: "created" | "running" | "exited";
}

/** A runtime with real state and no processes. */
export interface FakeCri {
  readonly path: string;
  readonly sandboxes: Map<string, Sandbox>;
  readonly containers: Map<string, Container>;
  /** Names. */
  readonly images: Set<string>;
  /** Calls in the order in which they came. */
  readonly asked: string[];
  /** What a call answers instead; `hang` never answers, a string is an error's text. */
  readonly instead: Map<string, "unimplemented" | "hang" | { readonly error: string } | object>;
  close(): void;
}

type Answer = (error: object | null, value?: Buffer) => void;

const states = { created: 0, running: 1, exited: 2 } as const;

type Request = Record<string, never> & {
  readonly image?: { readonly image: string };
  readonly config?: {
    readonly labels: Record<string, string>;
    readonly image: { readonly userSpecifiedImage: string };
    readonly linux: { readonly cgroupParent: string };
  };
  readonly filter?: { readonly labelSelector?: Record<string, string> };
  readonly podSandboxId: string;
  readonly containerId: string;
  readonly cmd: readonly string[];
};

/** Serves CRI at a unix socket, in all of `apis`. */
export async function fakeCri(path: string, ...apis: readonly ("v1" | "v1alpha2")[]): Promise<FakeCri> {
  const sandboxes = new Map<string, Sandbox>();
  const containers = new Map<string, Container>();
  const images = new Set<string>();
  const asked: string[] = [];
  const instead: FakeCri["instead"] = new Map();
  let last = 0;
  const idOf = (name: string) => `sha256:${createHash("sha256").update(name).digest("hex")}`;
  const image = (name: string) => ({ id: idOf(name), repoTags: [name], size: 1 });
  const matching = <T extends Pick<Sandbox, "labels">>(all: Map<string, T>, { filter }: Request): T[] =>
    [...all.values()].filter(({ labels }) =>
      Object.entries(filter?.labelSelector ?? {}).every(([key, value]) => labels[key] === value),
    );
  const statsOf = (id: string) => ({ attributes: { id } });
  const set = (id: string, state: Container["state"]) => {
    const found = containers.get(id);
    if (found) found.state = state;
    return {};
  };
  /** By call: the types of request and response, and the work. */
  const calls: Readonly<Record<string, readonly [string, string, (request: Request) => object]>> = {
    Version: [
      "VersionRequest",
      "VersionResponse",
      () => ({ version: "0.1.0", runtimeName: "fake", runtimeVersion: "9.8.7", runtimeApiVersion: "v" }),
    ],
    Status: [
      "StatusRequest",
      "StatusResponse",
      () => ({
        status: {
          conditions: ["RuntimeReady", "NetworkReady"].map((type) => ({ type, status: true })),
        },
      }),
    ],
    RuntimeConfig: ["RuntimeConfigRequest", "RuntimeConfigResponse", () => ({ linux: {} })],
    ImageFsInfo: ["ImageFsInfoRequest", "ImageFsInfoResponse", () => ({ imageFilesystems: [{}] })],
    ImageStatus: [
      "ImageStatusRequest",
      "ImageStatusResponse",
      ({ image: spec }) => (images.has(spec!.image) ? { image: image(spec!.image) } : {}),
    ],
    ListImages: ["ListImagesRequest", "ListImagesResponse", () => ({ images: [...images].map(image) })],
    PullImage: [
      "PullImageRequest",
      "PullImageResponse",
      ({ image: spec }) => (images.add(spec!.image), { imageRef: "sha256:ab" }),
    ],
    // By the id only, as docker has it.
    RemoveImage: [
      "RemoveImageRequest",
      "Empty",
      ({ image: spec }) => {
        for (const name of images) if (idOf(name) === spec!.image) images.delete(name);
        return {};
      },
    ],
    RunPodSandbox: [
      "RunPodSandboxRequest",
      "ById",
      ({ config }) => {
        const id = `sandbox-${++last}`;
        sandboxes.set(id, { id, labels: config!.labels, cgroupParent: config!.linux.cgroupParent });
        return { podSandboxId: id };
      },
    ],
    PodSandboxStatus: [
      "ById",
      "PodSandboxStatusResponse",
      ({ podSandboxId: id }) => ({ status: { id, state: 0, network: { ip: "10.0.0.9" } } }),
    ],
    ListPodSandbox: [
      "ListPodSandboxRequest",
      "ListPodSandboxResponse",
      (request) => ({ items: matching(sandboxes, request) }),
    ],
    StopPodSandbox: [
      "ById",
      "Empty",
      ({ podSandboxId }) => {
        for (const one of containers.values()) if (one.sandbox === podSandboxId) one.state = "exited";
        return {};
      },
    ],
    RemovePodSandbox: ["ById", "Empty", ({ podSandboxId }) => (sandboxes.delete(podSandboxId), {})],
    PortForward: ["ById", "Url", () => ({ url: "http://127.0.0.1:1/portforward/x" })],
    CreateContainer: [
      "CreateContainerRequest",
      "Container",
      ({ podSandboxId: sandbox, config }) => {
        // As CRI-O, which wants to know what the user wrote, to check signatures by it.
        if (config!.image.userSpecifiedImage === "") return { containerId: "" };
        const id = `container-${++last}`;
        containers.set(id, { id, labels: config!.labels, sandbox, state: "created" });
        return { containerId: id };
      },
    ],
    StartContainer: ["Container", "Empty", ({ containerId }) => set(containerId, "running")],
    StopContainer: ["Container", "Empty", ({ containerId }) => set(containerId, "exited")],
    RemoveContainer: ["Container", "Empty", ({ containerId }) => (containers.delete(containerId), {})],
    ContainerStatus: [
      "Container",
      "ContainerStatusResponse",
      ({ containerId: id }) => ({ status: { id, state: states[containers.get(id)!.state] } }),
    ],
    ListContainers: [
      "ListContainersRequest",
      "ListContainersResponse",
      (request) => ({
        containers: matching(containers, request).map((one) => ({ ...one, state: states[one.state] })),
      }),
    ],
    UpdateContainerResources: ["Container", "Empty", () => ({})],
    ReopenContainerLog: ["Container", "Empty", () => ({})],
    ExecSync: [
      "ExecSyncRequest",
      "ExecSyncResponse",
      ({ cmd }) => ({ stdout: Buffer.from(cmd[1]!), exitCode: 7 }),
    ],
    Exec: ["Container", "Url", () => ({ url: "http://127.0.0.1:1/exec/x" })],
    Attach: ["Container", "Url", () => ({ url: "http://127.0.0.1:1/attach/x" })],
    ContainerStats: ["Container", "OneStats", ({ containerId }) => ({ stats: statsOf(containerId) })],
    ListContainerStats: [
      "Empty",
      "ManyStats",
      () => ({ stats: [...containers.keys()].map((id) => statsOf(id)) }),
    ],
    PodSandboxStats: ["ById", "OneStats", ({ podSandboxId }) => ({ stats: statsOf(podSandboxId) })],
    ListPodSandboxStats: ["Empty", "ManyStats", () => ({ stats: [] })],
  };

  const server = new Server();
  const bytes = (value: Buffer): Buffer => value;
  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: Record<string, (incoming: unknown, answer: Answer) => void> = {};
  for (const [call, [requestType, responseType, work]] of Object.entries(calls)) {
    const handle = (incoming: unknown, answer: Answer): void => {
      asked.push(call);
      const other = instead.get(call);
      if (other === "hang") return;
      if (other === "unimplemented")
        return answer({ code: status.UNIMPLEMENTED, details: `unknown ${call}` });
      if (typeof other === "object" && "error" in other)
        return answer({ code: status.INTERNAL, details: String(other.error) });
      const type = root.lookupType(requestType);
      const request = type.toObject(type.decode((incoming as { request: Buffer }).request), {
        defaults: true,
      }) as Request;
      const response = root.lookupType(responseType);
      answer(null, Buffer.from(response.encode(response.fromObject(other ?? work(request))).finish()));
    };
    for (const api of apis) {
      definition[`${call}.${api}`] = {
        path: `/runtime.${api}.${/Image/.test(call) ? "ImageService" : "RuntimeService"}/${call}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes,
        requestDeserialize: bytes,
        responseSerialize: bytes,
        responseDeserialize: bytes,
      };
      handlers[`${call}.${api}`] = handle;
    }
  }
  server.addService(definition, handlers);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  return { path, sandboxes, containers, images, asked, instead, close: () => server.forceShutdown() };
}

/** As a transport does it, without the machine between. */
export const localSockets = {
  connectSocket: (path: string) =>
    new Promise<ReturnType<typeof connect>>((resolve, reject) => {
      const socket = connect(path);
      socket.once("connect", () => resolve(socket));
      socket.once("error", (cause) =>
        reject(new LocalkubeError("SSH_SOCKET_FAILED", { path, problem: cause.message }, { cause })),
      );
    }),
};
