import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { startProgress } from "../../src/cli/progress.ts";

/** A terminal, and every line that was drawn on it. */
function terminal(more: { isTTY?: boolean; columns?: number } = { isTTY: true, columns: 120 }) {
  const screen = Object.assign(new PassThrough({ encoding: "utf8" }), more);
  return { screen, written: () => String(screen.read() ?? "") };
}

test("shows how much of a file is done, how fast it goes and how long it still takes, and leaves nothing behind", () => {
  const { screen, written } = terminal();
  const progress = startProgress(screen, 100_000_000);
  progress.show({ bytes: 25_000_000, lines: 250_000 });
  progress.end();
  const text = written();
  expect(text.endsWith("\u001b[2K")).toBe(true);
  expect(stripVTControlCharacters(text)).toMatch(
    /^░{24} 0 % · 0 lines · 0 lines\/s · .* left█{6}░{18} 25 % · 250,000 lines · [\d,]+ lines\/s · \d+s left$/,
  );
});

test("shows no share of what has no known end", () => {
  const { screen, written } = terminal();
  const progress = startProgress(screen, undefined);
  progress.show({ bytes: 200, lines: 2 });
  progress.end();
  expect(stripVTControlCharacters(written())).toMatch(/^0 lines · 0 lines\/s2 lines · [\d,]+ lines\/s$/);
});

test("draws a few times a second, and no longer than the terminal is wide", () => {
  const { screen, written } = terminal({ isTTY: true, columns: 20 });
  const progress = startProgress(screen, 1_000);
  for (let bytes = 1; bytes <= 1_000; bytes += 1) progress.show({ bytes, lines: bytes });
  progress.end();
  const text = stripVTControlCharacters(written());
  expect(text.length % 20).toBe(0);
  // Once at its start and once at its end, and in between as time goes by.
  expect(text.length).toBeLessThan(20 * 20);
});

test("writes nothing where no terminal is", () => {
  const { screen } = terminal({});
  const progress = startProgress(screen, 10);
  progress.show({ bytes: 1, lines: 1 });
  progress.end();
  expect(screen.readableLength).toBe(0);
});
