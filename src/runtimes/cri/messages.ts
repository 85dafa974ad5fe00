import type { Root } from "protobufjs";
import { type PodMessages, podProto } from "./pod-messages.ts";

/** The two that servers speak. Their messages are the same, as far as we use them. */
export const criApis = ["v1", "v1alpha2"] as const;
export type CriApi = (typeof criApis)[number];

/** From which minor on the kubelet speaks v1, and up to which v1alpha2. */
const v1From = 23;
const v1alpha2Before = 26;

/** The CRI APIs that the kubelet of Kubernetes 1.`minor` speaks, the one that it prefers first. Pure. */
export const kubeletApis = (minor: number): readonly CriApi[] => [
  ...(minor >= v1From ? (["v1"] as const) : []),
  ...(minor < v1alpha2Before ? (["v1alpha2"] as const) : []),
];

/** What is used of CRI (k8s.io/cri-api, pkg/apis/runtime, api.proto); a field that a server does not know is left out, one that we do not know is skipped. */
const proto = `
syntax = "proto3";
package runtime;

message VersionRequest { string version = 1; }
message VersionResponse {
  string version = 1;
  string runtime_name = 2;
  string runtime_version = 3;
  string runtime_api_version = 4;
}

message StatusRequest { bool verbose = 1; }
message StatusResponse { RuntimeStatus status = 1; map<string, string> info = 2; }
message RuntimeStatus { repeated RuntimeCondition conditions = 1; }
message RuntimeCondition { string type = 1; bool status = 2; string reason = 3; string message = 4; }

message RuntimeConfigRequest {}
message RuntimeConfigResponse { LinuxRuntimeConfiguration linux = 1; }
message LinuxRuntimeConfiguration { CgroupDriver cgroup_driver = 1; }
enum CgroupDriver { SYSTEMD = 0; CGROUPFS = 1; }

message ImageSpec { string image = 1; map<string, string> annotations = 2; string user_specified_image = 18; }
message ImageFilter { ImageSpec image = 1; }
message ListImagesRequest { ImageFilter filter = 1; }
message ListImagesResponse { repeated Image images = 1; }
message Image {
  string id = 1;
  repeated string repo_tags = 2;
  repeated string repo_digests = 3;
  uint64 size = 4;
  bool pinned = 8;
}
message RemoveImageRequest { ImageSpec image = 1; }
message RemoveImageResponse {}
message ImageStatusRequest { ImageSpec image = 1; bool verbose = 2; }
message ImageStatusResponse { Image image = 1; }
message PullImageRequest { ImageSpec image = 1; PodSandboxConfig sandbox_config = 3; }
message PullImageResponse { string image_ref = 1; }
message ImageFsInfoRequest {}
message ImageFsInfoResponse { repeated FilesystemUsage image_filesystems = 1; }
message FilesystemUsage { FilesystemIdentifier fs_id = 2; }
message FilesystemIdentifier { string mountpoint = 1; }
${podProto}`;

interface Image {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: number;
  pinned: boolean;
}
interface ImageSpec {
  image: { image: string };
}

export interface Messages extends PodMessages {
  "RuntimeService/Version": {
    request: object;
    response: { version: string; runtimeName: string; runtimeVersion: string; runtimeApiVersion: string };
  };
  "RuntimeService/Status": {
    request: { verbose: boolean };
    response: {
      status: { conditions: { type: string; status: boolean; reason: string; message: string }[] } | null;
      info: Record<string, string>;
    };
  };
  "RuntimeService/RuntimeConfig": {
    request: object;
    response: { linux: { cgroupDriver: "SYSTEMD" | "CGROUPFS" } | null };
  };
  "ImageService/ListImages": {
    request: { filter?: ImageSpec };
    response: { images: Image[] };
  };
  "ImageService/RemoveImage": { request: ImageSpec; response: object };
  /** No image, and no error, for one that is not there. */
  "ImageService/ImageStatus": { request: ImageSpec; response: { image: Image | null } };
  "ImageService/PullImage": { request: ImageSpec; response: { imageRef: string } };
  "ImageService/ImageFsInfo": {
    request: object;
    response: { imageFilesystems: { fsId: { mountpoint: string } | null }[] };
  };
}
export type CriMethod = keyof Messages;

/** Serializer and parser of each message. */
export async function messageTypes(): Promise<{
  encode(method: CriMethod, request: object): Buffer;
  decode(method: CriMethod, bytes: Buffer): object;
}> {
  const { default: protobuf } = await import("protobufjs");
  const { root } = protobuf.parse(proto) as { root: Root };
  const type = (method: CriMethod, kind: "Request" | "Response") =>
    root.lookupType(`runtime.${method.replace(/^.*\//, "")}${kind}`);
  const shape = { longs: Number, enums: String, defaults: true, arrays: true, objects: true } as const;
  return {
    encode: (method, request) => {
      const found = type(method, "Request");
      return Buffer.from(found.encode(found.fromObject(request)).finish());
    },
    decode: (method, bytes) => {
      const found = type(method, "Response");
      return found.toObject(found.decode(bytes), shape);
    },
  };
}
