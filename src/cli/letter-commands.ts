import { type Command, Option } from "commander";
import { z } from "zod";
import {
  discardLetter,
  draftLetter,
  editLetter,
  getLetter,
  type LetterInput,
  listLetters,
  markLetterSent,
  otherWays,
  sendLetter,
} from "../features/datarequest/index.ts";
import { SaysoError } from "../kernel/errors.ts";
import { type Language, languages } from "../kernel/language.ts";
import { limits } from "../kernel/limits.ts";
import { ofOrganization, reader, readInstant, readName, readNote, readTextFile } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface LetterOptions extends OutputOptions {
  readonly organization?: string;
}

interface DraftOptions extends LetterOptions {
  readonly language?: Language;
  readonly how?: string;
  readonly question?: string;
  readonly what?: string;
}

interface EditOptions extends LetterOptions {
  readonly seen: number;
  readonly subject?: string;
  readonly textFile?: string;
}

interface SendOptions extends LetterOptions {
  readonly seen: number;
  readonly to?: string;
}

interface MarkOptions extends LetterOptions {
  readonly seen: number;
  readonly way: (typeof otherWays)[number];
  readonly sent?: Date;
  readonly note?: string;
}

const drafted = ["receipt", "identity_needed", "clarification", "ready", "done"] as const;

/** `sayso letter draft|list|show|edit|send|mark-sent|discard` */
export function addLetterCommands(program: Command): void {
  const letter = program.command("letter").description("letters to people about their data requests");
  addReadCommands(letter);
  addWriteCommands(letter);
}

function addReadCommands(letter: Command): void {
  ofOrganization(verb(letter, "list <request>", "the letters of a request")).action(
    async (request: string, options: LetterOptions) => {
      const items = await withOrganization(options.organization, (ctx) => listLetters(ctx, request));
      print(
        options,
        { items, nextCursor: null },
        items.map(({ id, kind, state, neededBy }) =>
          [id, kind, state, ...(neededBy === null ? [] : [`needed by ${neededBy}`])].join("  "),
        ),
      );
    },
  );
  ofOrganization(verb(letter, "show <request> <id>", "a letter as it would go out, or as it did")).action(
    async (request: string, id: string, options: LetterOptions) => {
      print(
        ...shown(options, await withOrganization(options.organization, (ctx) => getLetter(ctx, request, id))),
      );
    },
  );
}

function addWriteCommands(letter: Command): void {
  ofOrganization(
    verb(letter, "draft <request>", "write a letter from the request's facts; refusals come with theirs"),
  )
    .addOption(new Option("--kind <kind>").choices(drafted).makeOptionMandatory())
    .addOption(new Option("--language <code>", "the request's without it").choices(languages))
    .option("--how <text>", "identity_needed: how they can show who they are", readNote)
    .option("--question <text>", "clarification: what you ask", readNote)
    .option("--what <text>", "done: what you did", readNote)
    .action(async (request: string, options: DraftOptions & { kind: (typeof drafted)[number] }) => {
      const input = inputOf(options);
      const made = await withOrganization(options.organization, (ctx) => draftLetter(ctx, request, input));
      print(...shown(options, made));
    });

  withVersion(letter, "edit <request> <id>", "change the words of a draft")
    .option("--subject <text>", "one line", readName)
    .option(
      "--text-file <file>",
      "the new text; an empty line parts paragraphs, • begins the lines of a list",
    )
    .action(async (request: string, id: string, options: EditOptions) => {
      const { seen: version, subject, textFile } = options;
      const text = textFile && (await readTextFile(textFile, limits.letterCharacters * 4)).trim();
      if (text !== undefined && text.length > limits.letterCharacters) {
        throw new SaysoError("too_large", `A letter has at most ${limits.letterCharacters} characters.`);
      }
      const changed = await withOrganization(options.organization, (ctx) =>
        editLetter(ctx, request, id, { version, subject, text }),
      );
      print(...shown(options, changed));
    });

  withVersion(letter, "send <request> <id>", "mail a draft to the person")
    .option("--to <address>", "one of the person's addresses, when there are several")
    .action(async (request: string, id: string, options: SendOptions) => {
      const { seen: version, to } = options;
      const queued = await withOrganization(options.organization, (ctx) =>
        sendLetter(ctx, request, id, { version, to }),
      );
      print(options, queued, [`${queued.id} is being mailed by the running service.`]);
    });

  withVersion(letter, "mark-sent <request> <id>", "note that a draft was sent another way")
    .addOption(new Option("--way <way>").choices(otherWays).makeOptionMandatory())
    .option("--sent <instant>", "when; now without it", readInstant)
    .option("--note <text>", "such as the number of a registered letter; kept sealed", readNote)
    .action(async (request: string, id: string, options: MarkOptions) => {
      const { seen: version, way, sent, note } = options;
      const marked = await withOrganization(options.organization, (ctx) =>
        markLetterSent(ctx, request, id, {
          version,
          way,
          sentAt: (sent ?? ctx.services.now()).toISOString(),
          note,
        }),
      );
      print(options, marked, [`${marked.id} was sent: ${way}, ${marked.sentAt}.`]);
    });

  ofOrganization(verb(letter, "discard <request> <id>", "give a draft up that nothing rests on"))
    .requiredOption("--reason <text>", "why", readNote)
    .action(async (request: string, id: string, options: LetterOptions & { reason: string }) => {
      const { reason } = options;
      const discarded = await withOrganization(options.organization, (ctx) =>
        discardLetter(ctx, request, id, { reason }),
      );
      print(options, discarded, [`${discarded.id} is given up.`]);
    });
}

const seenVersion = reader(z.coerce.number<string>().int().min(1), "A version is a number from 1 on.");

function withVersion(letter: Command, usage: string, description: string): Command {
  return ofOrganization(verb(letter, usage, description)).requiredOption(
    "--seen <version>",
    "the version that you looked at; another one is not touched",
    seenVersion,
  );
}

function inputOf({
  kind,
  language,
  how,
  question,
  what,
}: DraftOptions & { kind: (typeof drafted)[number] }): LetterInput {
  switch (kind) {
    case "identity_needed":
      return { kind, language, how };
    case "clarification":
      return { kind, language, question: needed(question, "--question") };
    case "done":
      return { kind, language, what: needed(what, "--what") };
    default:
      return { kind, language };
  }
}

function needed(text: string | undefined, option: string): string {
  if (text === undefined) throw new SaysoError("invalid", `This kind of letter needs ${option}.`);
  return text;
}

type Shown = Awaited<ReturnType<typeof getLetter>>;

function shown(options: OutputOptions, letter: Shown): [OutputOptions, Shown, string[]] {
  const { id, kind, state, version, subject, text, failure } = letter;
  return [
    options,
    letter,
    [
      `${id}  ${kind}  ${state}  version ${version}`,
      ...(failure === null ? [] : [`Not mailed: ${failure}`]),
      "",
      subject,
      "",
      ...text.split("\n"),
    ],
  ];
}
