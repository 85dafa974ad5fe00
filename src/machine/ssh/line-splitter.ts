import { StringDecoder } from "node:string_decoder";

export interface LineSplitter {
  write(chunk: Buffer): void;
  /** Hands out what came after the last line end. */
  end(): void;
}

/** Cuts a byte stream into whole lines; a character split over two chunks stays whole, a CR before the line end is dropped. */
export function lineSplitter(onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const emit = (line: string) => onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  return {
    write(chunk) {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(emit);
    },
    end() {
      rest += decoder.end();
      if (rest !== "") emit(rest);
      rest = "";
    },
  };
}
