/** The two processors of our nodes. */
export type ProbeArch = "amd64" | "arm64";

/** What it prints when it is started without an argument. */
export const probeLine = "localkube runtime check";

/** Its exit code when it was given a word to print. */
export const probeExitCode = 7;

/** SIGTERM, signal 15, as the kernel's set of signals. */
const signals = "0040000000000000";
const line = Buffer.from(`${probeLine}\n`).toString("hex");

// Code and data stand behind each other; distances between them are part of the instructions, so that a longer line or another order needs new ones
// (GNU as: `as x.s && objcopy -O binary -j .text`).
const amd64 = [
  "833c2401 7551", //                   cmp dword [rsp], 1; jne answer          with an argument?
  "b80e000000 31ff 488d356c000000", //  rt_sigprocmask(SIG_BLOCK, signals,      of a container's first process, the kernel
  "31d2 41ba08000000 0f05", //            NULL, 8)                              drops SIGTERM unless it is blocked or handled
  "b801000000 bf01000000", //           write(1,
  "488d3559000000 ba18000000 0f05", //    line, 24)
  "b880000000 488d3d3e000000", // wait: rt_sigtimedwait(signals,
  "31f6 31d2 41ba08000000 0f05", //       NULL, NULL, 8)
  "83f80f 75e3", //                     cmp eax, 15; jne wait
  "31ff eb22", //                       status 0; jmp exit
  "488b742410 31d2", //         answer: rsi = argv[1], edx = 0
  "803c1600 7404 ffc2 ebf6", //         while (rsi[rdx]) edx++
  "b801000000 bf01000000 0f05", //      write(1, rsi, edx)
  "bf07000000", //                      status 7
  "b8e7000000 0f05", //           exit: exit_group(status)
  signals,
  line,
];

const arm64 = [
  "e00340f9 1f0400f1 c1020054", //       ldr x0, [sp]; cmp x0, 1; b.ne answer
  "000080d2 01040010 020080d2", //       rt_sigprocmask(SIG_BLOCK, signals, NULL,
  "030180d2 e81080d2 010000d4", //         8)
  "200080d2 81030010 020380d2", //       write(1, line, 24
  "080880d2 010000d4", //                  )
  "c0020010 010080d2 020080d2", // wait: rt_sigtimedwait(signals, NULL, NULL,
  "030180d2 281180d2 010000d4", //         8)
  "1f3c00f1 21ffff54", //                cmp x0, 15; b.ne wait
  "000080d2 0b000014", //                status 0; b exit
  "e10b40f9 020080d2", //        answer: x1 = argv[1], x2 = 0
  "23686238 63000034 42040091 fdffff17", // while (x1[x2]) x2++
  "200080d2 080880d2 010000d4", //       write(1, x1, x2)
  "e00080d2", //                         status 7
  "c80b80d2 010000d4", //          exit: exit_group(status)
  signals,
  line,
];

/** ELF's number of the processor, and the program. */
const programs: Readonly<Record<ProbeArch, { readonly machine: number; readonly code: readonly string[] }>> =
  {
    amd64: { machine: 62, code: amd64 },
    arm64: { machine: 183, code: arm64 },
  };

const base = 0x400000;
const headerBytes = 64;
const segmentBytes = 56;

/**
 * A static Linux program of some 300 bytes, for an image that works on every node without a compiler, a network or a distribution. Without
 * arguments it prints `probeLine` and a line break, waits for SIGTERM, and ends with exit code 0; with one it prints that and ends with
 * `probeExitCode`. Pure.
 */
export function probeProgram(arch: ProbeArch): Buffer {
  const { machine, code } = programs[arch];
  const text = Buffer.from(code.join("").replaceAll(" ", ""), "hex");
  const start = headerBytes + segmentBytes;
  const header = Buffer.alloc(start);
  // 64 bits, little-endian, version 1.
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16); // an executable at fixed addresses
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(base + start), 24); // where it begins
  header.writeBigUInt64LE(BigInt(headerBytes), 32); // where the segments are described
  header.writeUInt16LE(headerBytes, 52);
  header.writeUInt16LE(segmentBytes, 54);
  header.writeUInt16LE(1, 56); // one segment
  // The whole file, to be read and executed.
  header.writeUInt32LE(1, headerBytes);
  header.writeUInt32LE(5, headerBytes + 4);
  const size = BigInt(start + text.length);
  header.writeBigUInt64LE(BigInt(base), headerBytes + 16);
  header.writeBigUInt64LE(BigInt(base), headerBytes + 24);
  header.writeBigUInt64LE(size, headerBytes + 32);
  header.writeBigUInt64LE(size, headerBytes + 40);
  header.writeBigUInt64LE(0x10000n, headerBytes + 48); // the largest page that arm64 has
  return Buffer.concat([header, text]);
}
