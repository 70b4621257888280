import type { Context } from "../../context.ts";
import { inOrder } from "../../kernel/in-order.ts";
import { limits } from "../../kernel/limits.ts";
import { firstOrganizationId } from "../organization/index.ts";
import { askSource, type SourceTrouble } from "./ask-source.ts";
import type { SectionDocument } from "./domain/documents.ts";
import { personValues } from "./domain/person-values.ts";
import type { Source } from "./domain/source-book.ts";

/** What one source has for one section about a person. */
export interface SourcedSection {
  /** The source's name, and what people read of it. */
  readonly source: string;
  readonly title: string;
  readonly section: string;
  /** Undefined: it has nothing about them, or failed. */
  readonly document?: SectionDocument | undefined;
  readonly trouble?: SourceTrouble | undefined;
}

/** The sources of the organization: those that name it, and for the installation's first one those that name none. */
export async function sourcesOf(ctx: Context): Promise<readonly Source[]> {
  const { sources } = ctx.services.sources;
  if (sources.length === 0) return [];
  const first = sources.some(({ organization }) => organization === undefined)
    ? await firstOrganizationId(ctx.services.db)
    : undefined;
  return sources.filter(({ organization }) => (organization ?? first) === ctx.organizationId);
}

/**
 * Asks every source of the organization about a person, a few at a time. What a source does wrong is told with its
 * sections and holds up no other. All documents together have at most `limits.accountDataBytes`.
 */
export async function askSources(
  ctx: Context,
  identifiers: readonly { readonly kind: string; readonly value: string }[],
): Promise<SourcedSection[]> {
  const person = personValues(identifiers);
  const work = async (source: Source): Promise<SourcedSection[]> =>
    (await askSource(ctx, source, person)).map((answer) => ({
      source: source.name,
      title: source.title ?? source.name,
      ...answer,
    }));
  const found: SourcedSection[] = [];
  let bytes = 0;
  for await (const group of inOrder(inOneGroup(await sourcesOf(ctx)), work, limits.sourcesAtOnce)) {
    for (const answer of group.flat()) {
      if (answer.document !== undefined) bytes += Buffer.byteLength(JSON.stringify(answer.document));
      found.push(bytes > limits.accountDataBytes && answer.document !== undefined ? tooMuch(answer) : answer);
    }
  }
  return found;
}

async function* inOneGroup<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
  yield items;
}

function tooMuch({ document: _, ...answer }: SourcedSection): SourcedSection {
  return {
    ...answer,
    trouble: {
      reason: `All sources together have more than ${limits.accountDataBytes} bytes about the person.`,
      rows: null,
      mayHeal: false,
    },
  };
}
