import { Presets, SingleBar } from "cli-progress";

/** What a bar is drawn on, when it is a terminal. */
type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** How far work is: bytes that were read and lines that are done. */
export interface Done {
  readonly bytes: number;
  readonly lines: number;
}

export interface Progress {
  /** Draws anew, not more often than can be seen. */
  show(done: Done): void;
  /** Takes the bar away. */
  end(): void;
}

/** Draws nothing. */
export const noProgress: Progress = { show: () => {}, end: () => {} };

const bar = "{bar} {percentage} % · ";
const figures = "{lines} lines · {rate} lines/s";

/**
 * A bar that says how far a file of `ofBytes` is, how fast it goes and how long it still takes; figures alone for what
 * has no known end. Draws nothing where `screen` is no terminal.
 */
export function startProgress(screen: Screen, ofBytes: number | undefined): Progress {
  if (!screen.isTTY) return noProgress;
  const drawn = new SingleBar(
    {
      stream: screen,
      format: ofBytes === undefined ? figures : `${bar}${figures} · {eta_formatted} left`,
      fps: 5,
      barsize: 24,
      clearOnComplete: true,
      // Otherwise a run that is killed leaves the terminal as a bar needs it.
      linewrap: true,
      // The speed of the last pieces that were read, 64 MB or less of them.
      etaBuffer: 1_000,
    },
    Presets.shades_classic,
  );
  const startedMs = performance.now();
  const figuresOf = (lines: number) => ({
    lines: lines.toLocaleString("en"),
    rate: Math.round((lines / Math.max(1, performance.now() - startedMs)) * 1_000).toLocaleString("en"),
  });
  drawn.start(ofBytes ?? 0, 0, figuresOf(0));
  return {
    show: ({ bytes, lines }) => drawn.update(bytes, figuresOf(lines)),
    end: () => drawn.stop(),
  };
}
