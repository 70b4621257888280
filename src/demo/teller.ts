/** Tells the story on the terminal, line by line. */
export interface Teller {
  chapter(title: string): void;
  /** One thing that was done, and how it was asked for. */
  step(title: string, how: string): void;
  /** An answer to "may this go out?". */
  decision(title: string, decision: "allow" | "deny", why: string): void;
  /** A detail of what stands above. */
  detail(text: string): void;
  say(text: string): void;
}

/** Colours only where the terminal has them (and NO_COLOR is not set). */
export function createTeller(output: NodeJS.WriteStream): Teller {
  const paints = output.isTTY && output.hasColors();
  const paint = (code: number, text: string) => (paints ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text: string) => void output.write(`${text}\n`);
  let chapters = 0;
  return {
    chapter: (title) => {
      chapters += 1;
      line(`\n${paint(1, `${chapters}. ${title}`)}`);
    },
    step: (title, how) => line(`   ${title}  ${paint(2, how)}`),
    decision: (title, decision, why) => {
      const word = decision === "allow" ? paint(32, "ALLOW") : paint(31, "DENY ");
      line(`   ${word}  ${title}${why === "" ? "" : `  ${paint(2, why)}`}`);
    },
    detail: (text) => line(paint(2, `          ${text}`)),
    say: (text) => line(`   ${text}`),
  };
}
