import type { Context, OrganizationKeys, Services } from "../../context.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { findSender, findSenders, getOrganization } from "../organization/index.ts";
import { type PointRow, selectPublicPoint, selectVersions, type VersionRow } from "./store.ts";

/** A collection point as people meet it, with a context in which the person themself acts. */
export interface OpenedPoint {
  readonly ctx: Context;
  readonly point: PointRow;
  /** The newest version: what a screen shows now. */
  readonly shown: VersionRow;
  readonly organization: {
    readonly name: string;
    readonly contact: string | undefined;
    readonly country: string | undefined;
    readonly timeZone: string;
  };
  /** Where the chat starts that people may choose instead: the business's number, and what they write first. */
  readonly chatUrl: string | undefined;
}

/** Finds a collection point by its public key (`pub_…`). Changes nothing. Undefined when there is none. */
export async function openCollectionPoint(
  services: Services,
  organizationKeys: (organizationId: string) => Promise<OrganizationKeys>,
  publicKey: string,
  requestId: string,
): Promise<OpenedPoint | undefined> {
  const uuid = parseId("pub", publicKey);
  const found = uuid === undefined ? undefined : await selectPublicPoint(services.db, uuid);
  if (found === undefined) return undefined;
  const { organizationId, point } = found;
  const keys = await organizationKeys(organizationId);
  const ctx: Context = { services, organizationId, keys, actor: { kind: "person" }, requestId };
  const [[shown], { name, dpo, country, timeZone }, chatUrl] = await Promise.all([
    selectVersions(ctx, [point.id]),
    getOrganization(ctx),
    chatOf(ctx, point),
  ]);
  if (shown === undefined) return undefined;
  return {
    ctx,
    point,
    shown,
    organization: {
      name,
      contact: dpo?.contact,
      country: country ?? undefined,
      timeZone: timeZone ?? "UTC",
    },
    chatUrl,
  };
}

/** Where the chat starts with what the collection point says that people write first. */
export async function chatOf(ctx: Context, { chat }: PointRow): Promise<string | undefined> {
  const sender = chat === null ? undefined : await findSender(ctx, formatId("snd", chat.senderId));
  return chat === null || sender === undefined ? undefined : chatLink(sender, chat.text);
}

/**
 * Where somebody who signed up writes these words, so that it is clear whose number it is: to the point's own sender, else
 * to the organization's first one. Undefined when it has none.
 */
export async function chatToConfirm(
  { ctx, point: { chat } }: OpenedPoint,
  words: string,
): Promise<string | undefined> {
  const [sender] =
    chat === null
      ? await findSenders(ctx, undefined, 1)
      : [await findSender(ctx, formatId("snd", chat.senderId))];
  return sender && chatLink(sender, words);
}

/** A click-to-chat link (WhatsApp Help Center, "How to use click to chat"): digits only, the text beforehand. */
function chatLink({ displayPhoneNumber }: { displayPhoneNumber: string }, text: string): string {
  return `https://wa.me/${displayPhoneNumber.replace(/\D/g, "")}?text=${encodeURIComponent(text)}`;
}
