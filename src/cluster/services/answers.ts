import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import type { MachineRef } from "../../contract/driver.ts";
import type { FoundService, ServicePort } from "./read-services.ts";

/** Where a port is reached without us. */
export interface Direct {
  readonly via: "loadbalancer" | "nodeport";
  readonly host: string;
  readonly port: number;
}

const connectMs = 1000;

/** A way in which this computer reaches the port without us, seen to be open; undefined without one. */
export async function directWay(
  { addresses }: FoundService,
  { port, nodePort }: ServicePort,
  { address, addressReachable }: MachineRef,
): Promise<Direct | undefined> {
  const ways: Direct[] = addresses.map((host) => ({ via: "loadbalancer", host, port }));
  if (addressReachable && nodePort > 0) ways.push({ via: "nodeport", host: address, port: nodePort });
  for (const way of ways) if (await staysOpen(way.host, way.port, 0)) return way;
  return undefined;
}

/** Whether a connection is made, and not ended by the other side within that time (ms). */
export function staysOpen(host: string, port: number, forMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, timeout: connectMs });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
    socket.once("close", () => end(false));
    socket.once("connect", () => {
      socket.setTimeout(0);
      // A greeting is an answer, too.
      socket.once("data", () => end(true));
      void sleep(forMs).then(() => end(true));
    });
  });
}

const tlsPorts = [443, 8443];

/** https where the port says so and really answers a TLS greeting. */
export async function protocolOf(
  { name, port, appProtocol }: ServicePort,
  https: boolean,
  host: string,
  number: number,
): Promise<"http" | "https"> {
  const isSaid =
    https || name.startsWith("https") || appProtocol.toLowerCase() === "https" || tlsPorts.includes(port);
  return isSaid && (await speaksTls(host, number)) ? "https" : "http";
}

function speaksTls(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Whose certificate it is, is the browser's question.
    const socket = connectTls({ host, port, rejectUnauthorized: false, timeout: 2 * connectMs });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once("secureConnect", () => end(true));
    for (const event of ["error", "timeout", "close"]) socket.once(event, () => end(false));
  });
}
