import type { Command } from "commander";
import { optOutKeywords } from "../features/gate/index.ts";
import { importInbound } from "../features/whatsapp/index.ts";
import { readInboundLine } from "../http/line-bodies.ts";
import { addImportVerb } from "./import-verb.ts";

/** `sayso inbound import` */
export function addInboundCommands(program: Command): void {
  addImportVerb(program.command("inbound").description("messages from people"), {
    description: "take messages that people wrote before, each as of its own time; a STOP among them is a no",
    lines: "one message a line (NDJSON), as POST /v1/messages/inbound takes it",
    read: readInboundLine,
    take: (ctx, lines, how) => importInbound(ctx, lines, { ...how, ownKeywords: optOutKeywords }),
  });
}
