import { nextTick } from "node:process";
import type { Socket } from "node:net";

/**
 * Sends everything written in one turn of the event loop with one system call. ssh2 writes each packet in three pieces (length, data,
 * tag); without Nagle's delay each piece would become a TCP segment of its own.
 */
export function gatherWrites(socket: Socket): void {
  const write: (...args: Parameters<Socket["write"]>) => boolean = socket.write.bind(socket);
  let gathering = false;
  socket.write = ((...args: Parameters<Socket["write"]>) => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      nextTick(() => {
        gathering = false;
        socket.uncork();
      });
    }
    return write(...args);
  }) as Socket["write"];
}
