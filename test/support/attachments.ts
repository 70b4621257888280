import { deflateSync } from "node:zlib";

function chunk(name: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, Buffer.from(name), content, Buffer.alloc(4)]);
}

const frame = (...bytes: number[]) => Buffer.concat([Buffer.from(bytes), Buffer.alloc(64)]);

/** A small file of each type that an attachment may have. */
export const samples = {
  "application/pdf": Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
  "image/png": Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])),
    chunk("IDAT", deflateSync(Buffer.from([0, 255]))),
    chunk("IEND", Buffer.alloc(0)),
  ]),
  "image/jpeg": frame(0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 0x4a, 0x46, 0x49, 0x46),
  "audio/ogg": Buffer.concat([
    Buffer.from("OggS\0\x02"),
    Buffer.alloc(20),
    Buffer.from([1, 19]),
    Buffer.from("OpusHead\x01\x01"),
    Buffer.alloc(9),
  ]),
  "audio/mpeg": frame(0xff, 0xfb, 0x90, 0x64),
  "audio/wav": Buffer.concat([Buffer.from("RIFF\x24\0\0\0WAVEfmt "), Buffer.alloc(32)]),
  "audio/mp4": Buffer.concat([Buffer.from("\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom"), Buffer.alloc(32)]),
} as const;
