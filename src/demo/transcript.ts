import { version } from "../version.ts";

/** One thing that was asked of the service, and what it answered. */
export interface Step {
  readonly chapter: string;
  readonly title: string;
  readonly by: string;
  readonly request: { readonly method: string; readonly path: string; readonly body?: unknown };
  readonly response: { readonly status: number; readonly body: unknown };
}

/** The story for programs. It holds no secrets: whatever is one is replaced by `…`, wherever it stands. */
export class Transcript {
  private readonly steps: Step[] = [];
  private readonly secrets = new Set<string>();

  /** Keeps a value out of what is written, in steps from before too. */
  hide(secret: string): void {
    this.secrets.add(secret);
  }

  add(step: Step): void {
    this.steps.push(step);
  }

  /** JSON text. `archive` describes the file that lies beside it. */
  text(archive: object): string {
    const steps = this.steps.map((step, index) => ({ number: index + 1, ...step }));
    const text = JSON.stringify({ sayso: version, steps, archive }, null, 2);
    return `${[...this.secrets].reduce((shown, secret) => shown.replaceAll(secret, "…"), text)}\n`;
  }
}
