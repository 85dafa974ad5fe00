import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileCalls } from "./file-calls.ts";
import { answer, PacketReader, request } from "./packet.ts";
import { extensions, pathCalls } from "./path-calls.ts";
import { ServedFolder, type SharedFolderOptions } from "./served.ts";
import { Refusal, status, statusOf } from "./status.ts";

const defaultCallMs = 5000;
/** More than any client sends: sshfs writes 64 KiB at a time. */
const longestPacket = 1 << 20;

/**
 * Serves one folder of this host by SFTP version 3: what is written to the stream are a client's requests, what is read from it the answers. Nothing outside the folder is read or
 * written, no device, socket or pipe is opened, no file gets set-ID bits. Requests are answered one after the other, as by OpenSSH's server, and each in a limited time. A stream that is
 * destroyed has closed all files; one that gets what is no SFTP destroys itself. Rejects with the system's error when the folder is not there.
 */
export async function serveFolder(options: SharedFolderOptions): Promise<Duplex> {
  const served = await ServedFolder.start(options);
  let received: Buffer = Buffer.alloc(0);
  let goOn: (() => void) | undefined;
  const answerAll = async (): Promise<void> => {
    while (received.length >= 4 && !stream.destroyed) {
      const length = received.readUInt32BE(0);
      if (length === 0 || length > longestPacket) throw new Error(`an SFTP packet of ${length} bytes`);
      if (received.length < 4 + length) return;
      const packet = received.subarray(4, 4 + length);
      received = received.subarray(4 + length);
      const reply = await replyTo(packet, served, options.callMs ?? defaultCallMs);
      if (stream.destroyed) return;
      if (!stream.push(reply)) await new Promise<void>((resolve) => (goOn = resolve));
    }
  };
  const takeOff = (): void => {
    goOn?.();
    goOn = undefined;
  };
  const stream: Duplex = new Duplex({
    read: takeOff,
    write: (chunk: Buffer, _encoding, done) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      answerAll().then(() => done(), done);
    },
    destroy: (error, done) => {
      takeOff();
      served.open.closeAll().then(() => done(error), done);
    },
  });
  return stream;
}

/** Never rejects for what a client may ask; throws for what is no request at all. */
async function replyTo(packet: Buffer, served: ServedFolder, limitMs: number): Promise<Buffer> {
  const reader = new PacketReader(packet);
  const type = reader.byte();
  if (type === request.init) return answer.version(extensions);
  const id = reader.number();
  const over = new AbortController();
  const late = sleep(limitMs, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new Refusal(status.ioError, "the file system of the host does not answer");
  });
  late.catch(() => undefined);
  try {
    const call = carryOut(type, id, reader, served);
    // What it ends with when nobody waits any more.
    call.catch(() => undefined);
    return await Promise.race([call, late]);
  } catch (error) {
    const { code, text } = statusOf(error);
    return answer.status(id, code, text);
  } finally {
    over.abort();
  }
}

async function carryOut(
  type: number,
  id: number,
  reader: PacketReader,
  served: ServedFolder,
): Promise<Buffer> {
  const call = fileCalls[type] ?? pathCalls[type];
  if (!call) throw new Refusal(status.unsupported, `request ${type}`);
  return call(served, reader, id);
}
