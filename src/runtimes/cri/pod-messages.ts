/** What is used of RuntimeService for sandboxes and their containers. */
export const podProto = `
message NamespaceOption { NamespaceMode network = 1; NamespaceMode pid = 2; NamespaceMode ipc = 3; }
enum NamespaceMode { POD = 0; CONTAINER = 1; NODE = 2; TARGET = 3; }
message SecurityContext { NamespaceOption namespace_options = 3; }
message SandboxSecurityContext { NamespaceOption namespace_options = 1; }
message LinuxPodSandboxConfig { string cgroup_parent = 1; SandboxSecurityContext security_context = 2; }
message PodSandboxMetadata { string name = 1; string uid = 2; string namespace = 3; uint32 attempt = 4; }
message PodSandboxConfig {
  PodSandboxMetadata metadata = 1;
  string hostname = 2;
  string log_directory = 3;
  map<string, string> labels = 6;
  map<string, string> annotations = 7;
  LinuxPodSandboxConfig linux = 8;
}
message RunPodSandboxRequest { PodSandboxConfig config = 1; string runtime_handler = 2; }
message RunPodSandboxResponse { string pod_sandbox_id = 1; }
message StopPodSandboxRequest { string pod_sandbox_id = 1; }
message StopPodSandboxResponse {}
message RemovePodSandboxRequest { string pod_sandbox_id = 1; }
message RemovePodSandboxResponse {}
enum PodSandboxState { SANDBOX_READY = 0; SANDBOX_NOTREADY = 1; }
message PodSandboxStatusRequest { string pod_sandbox_id = 1; bool verbose = 2; }
message PodSandboxNetworkStatus { string ip = 1; }
message PodSandboxStatus { string id = 1; PodSandboxState state = 3; PodSandboxNetworkStatus network = 5; }
message PodSandboxStatusResponse { PodSandboxStatus status = 1; }
message PodSandboxFilter { string id = 1; map<string, string> label_selector = 3; }
message ListPodSandboxRequest { PodSandboxFilter filter = 1; }
message PodSandbox { string id = 1; PodSandboxState state = 3; map<string, string> labels = 5; }
message ListPodSandboxResponse { repeated PodSandbox items = 1; }

message LinuxContainerResources { int64 cpu_shares = 3; int64 memory_limit_in_bytes = 4; int64 oom_score_adj = 5; }
message LinuxContainerConfig { LinuxContainerResources resources = 1; SecurityContext security_context = 2; }
message ContainerMetadata { string name = 1; uint32 attempt = 2; }
message ContainerConfig {
  ContainerMetadata metadata = 1;
  ImageSpec image = 2;
  repeated string command = 3;
  map<string, string> labels = 9;
  map<string, string> annotations = 10;
  string log_path = 11;
  LinuxContainerConfig linux = 15;
}
message CreateContainerRequest { string pod_sandbox_id = 1; ContainerConfig config = 2; PodSandboxConfig sandbox_config = 3; }
message CreateContainerResponse { string container_id = 1; }
message StartContainerRequest { string container_id = 1; }
message StartContainerResponse {}
message StopContainerRequest { string container_id = 1; int64 timeout = 2; }
message StopContainerResponse {}
message RemoveContainerRequest { string container_id = 1; }
message RemoveContainerResponse {}
enum ContainerState { CONTAINER_CREATED = 0; CONTAINER_RUNNING = 1; CONTAINER_EXITED = 2; CONTAINER_UNKNOWN = 3; }
message ContainerFilter { string id = 1; map<string, string> label_selector = 4; }
message ListContainersRequest { ContainerFilter filter = 1; }
message Container { string id = 1; string image_ref = 5; ContainerState state = 6; map<string, string> labels = 8; }
message ListContainersResponse { repeated Container containers = 1; }
message ContainerStatusRequest { string container_id = 1; bool verbose = 2; }
message ContainerStatus { string id = 1; ContainerState state = 3; int32 exit_code = 7; string log_path = 15; }
message ContainerStatusResponse { ContainerStatus status = 1; }
message UpdateContainerResourcesRequest { string container_id = 1; LinuxContainerResources linux = 2; }
message UpdateContainerResourcesResponse {}
message ReopenContainerLogRequest { string container_id = 1; }
message ReopenContainerLogResponse {}

message ExecSyncRequest { string container_id = 1; repeated string cmd = 2; int64 timeout = 3; }
message ExecSyncResponse { bytes stdout = 1; bytes stderr = 2; int32 exit_code = 3; }
message ExecRequest { string container_id = 1; repeated string cmd = 2; bool stdout = 5; bool stderr = 6; }
message ExecResponse { string url = 1; }
message AttachRequest { string container_id = 1; bool stdout = 4; bool stderr = 5; }
message AttachResponse { string url = 1; }
message PortForwardRequest { string pod_sandbox_id = 1; repeated int32 port = 2; }
message PortForwardResponse { string url = 1; }

message Attributes { string id = 1; }
message Stats { Attributes attributes = 1; }
message StatsFilter { string id = 1; }
message ContainerStatsRequest { string container_id = 1; }
message ContainerStatsResponse { Stats stats = 1; }
message ListContainerStatsRequest { StatsFilter filter = 1; }
message ListContainerStatsResponse { repeated Stats stats = 1; }
message PodSandboxStatsRequest { string pod_sandbox_id = 1; }
message PodSandboxStatsResponse { Stats stats = 1; }
message ListPodSandboxStatsRequest { StatsFilter filter = 1; }
message ListPodSandboxStatsResponse { repeated Stats stats = 1; }
`;

type Labels = Readonly<Record<string, string>>;
type Namespaces = {
  readonly namespaceOptions: { readonly network: "POD"; readonly pid: "CONTAINER"; readonly ipc: "POD" };
};

export interface SandboxConfig {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly namespace: string;
    readonly attempt: number;
  };
  readonly hostname: string;
  /** Absolute folder in the node. */
  readonly logDirectory: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly linux: { readonly cgroupParent: string; readonly securityContext: Namespaces };
}

export interface ContainerConfig {
  readonly metadata: { readonly name: string; readonly attempt: number };
  /** CRI-O checks signatures by what the user wrote, and refuses a container of which it is not told that. */
  readonly image: { readonly image: string; readonly userSpecifiedImage: string };
  readonly command: readonly string[];
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Relative to the sandbox's `logDirectory`. */
  readonly logPath: string;
  readonly linux: {
    readonly resources: { readonly cpuShares: number; readonly oomScoreAdj: number };
    readonly securityContext: Namespaces;
  };
}

interface Sandbox {
  podSandboxId: string;
}
interface Container {
  containerId: string;
}
interface Url {
  url: string;
}
interface Stats {
  attributes: { id: string } | null;
}
/** Both restrict the answer; without either it is everything. */
interface Filter {
  filter?: { id?: string; labelSelector?: Labels };
}
type SandboxState = "SANDBOX_READY" | "SANDBOX_NOTREADY";
type ContainerState = "CONTAINER_CREATED" | "CONTAINER_RUNNING" | "CONTAINER_EXITED" | "CONTAINER_UNKNOWN";

export interface PodMessages {
  "RuntimeService/RunPodSandbox": {
    request: { config: SandboxConfig; runtimeHandler?: string };
    response: Sandbox;
  };
  "RuntimeService/StopPodSandbox": { request: Sandbox; response: object };
  "RuntimeService/RemovePodSandbox": { request: Sandbox; response: object };
  "RuntimeService/PodSandboxStatus": {
    request: Sandbox;
    response: { status: { id: string; state: SandboxState; network: { ip: string } | null } | null };
  };
  "RuntimeService/ListPodSandbox": {
    request: Filter;
    response: { items: { id: string; state: SandboxState; labels: Labels }[] };
  };
  "RuntimeService/CreateContainer": {
    request: { podSandboxId: string; config: ContainerConfig; sandboxConfig: SandboxConfig };
    response: Container;
  };
  "RuntimeService/StartContainer": { request: Container; response: object };
  /** `timeout` in seconds until the container is killed. */
  "RuntimeService/StopContainer": { request: Container & { timeout: number }; response: object };
  "RuntimeService/RemoveContainer": { request: Container; response: object };
  "RuntimeService/ListContainers": {
    request: Filter;
    response: { containers: { id: string; imageRef: string; state: ContainerState; labels: Labels }[] };
  };
  "RuntimeService/ContainerStatus": {
    request: Container;
    response: { status: { id: string; state: ContainerState; exitCode: number; logPath: string } | null };
  };
  "RuntimeService/UpdateContainerResources": {
    request: Container & { linux: { cpuShares: number } };
    response: object;
  };
  "RuntimeService/ReopenContainerLog": { request: Container; response: object };
  /** `timeout` in seconds. */
  "RuntimeService/ExecSync": {
    request: Container & { cmd: readonly string[]; timeout: number };
    response: { stdout: Uint8Array; stderr: Uint8Array; exitCode: number };
  };
  "RuntimeService/Exec": {
    request: Container & { cmd: readonly string[]; stdout: boolean };
    response: Url;
  };
  "RuntimeService/Attach": { request: Container & { stdout: boolean }; response: Url };
  "RuntimeService/PortForward": { request: Sandbox & { port: readonly number[] }; response: Url };
  "RuntimeService/ContainerStats": { request: Container; response: { stats: Stats | null } };
  "RuntimeService/ListContainerStats": { request: Filter; response: { stats: Stats[] } };
  "RuntimeService/PodSandboxStats": { request: Sandbox; response: { stats: Stats | null } };
  "RuntimeService/ListPodSandboxStats": { request: Filter; response: { stats: Stats[] } };
}
