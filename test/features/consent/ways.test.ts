import { describe, expect, test } from "vitest";
import { declaredType, typeOf } from "../../../src/features/consent/domain/media-type.ts";
import { lacking } from "../../../src/features/consent/domain/ways.ts";
import { ways } from "../../cases/consent/ways.ts";
import { samples } from "../../support/attachments.ts";

describe("what a yes needs by its way", () => {
  test.each(ways)("$guarantee", ({ kind, proof, missing }) => {
    const found = lacking(kind, { quotesTheirMessage: false, attachments: [], ...proof });
    expect(found?.pointer ?? null).toBe(missing);
    if (found !== undefined) expect(found.message).toMatch(/^[A-Z].{15,}\.$/);
  });
});

describe("the type of a file", () => {
  test.each(Object.entries(samples))("%s is told by its first bytes", (type, bytes) => {
    expect(typeOf(bytes)).toBe(type);
    expect(declaredType(type)).toBe(type);
  });

  test.each<[what: string, bytes: Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["a page", Buffer.from("<!doctype html><script>alert(1)</script>")],
    ["a picture that can hold scripts", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ["a program", Buffer.from("MZ\x90\0\x03")],
    ["an archive", Buffer.from("PK\x03\x04")],
    ["a PDF behind something else", Buffer.from("GIF89a %PDF-1.7")],
    ["half the mark of a PNG", Buffer.from([0x89, 0x50, 0x4e, 0x47])],
    ["a film in Ogg", Buffer.concat([Buffer.from("OggS"), Buffer.alloc(24), Buffer.from("\x80theora")])],
    ["a film in MP4", Buffer.from("\0\0\0\x20ftypisom\0\0\x02\0isomiso2mp41")],
    ["a RIFF that is no WAVE", Buffer.from("RIFF\x24\0\0\0AVI LIST")],
    ["two bytes that begin like MP3, and a rate that does not exist", Buffer.from([0xff, 0xfb, 0xff, 0])],
    ["UTF-16 text", Buffer.from([0xff, 0xfe, 0x41, 0])],
  ])("%s is none that is taken", (_what, bytes) => {
    expect(typeOf(bytes)).toBeUndefined();
  });

  test.each([
    ["audio/ogg; codecs=opus", "audio/ogg"],
    ["Audio/X-M4A", "audio/mp4"],
    ["image/svg+xml", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s is declared as %s", (declared, type) => {
    expect(declaredType(declared)).toBe(type);
  });
});
