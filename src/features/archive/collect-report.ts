import type { Context } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import type { Language } from "../../kernel/language.ts";
import { version } from "../../version.ts";
import { attachmentsOf, consentHistory } from "../consent/index.ts";
import { getOrganization } from "../organization/index.ts";
import { holdsOn } from "../retention/index.ts";
import { readPerson, savedSendersOf, timeZonesOf } from "../subject/index.ts";
import { accountSections } from "./collect-account.ts";
import { decisionSection, messageSection } from "./collect-logs.ts";
import {
  consentSection,
  disclosureSection,
  optOutSection,
  type Reported,
  requestSection,
  signInSections,
} from "./collect-records.ts";
import { consentFiles } from "./consent-files.ts";
import type { ReportModel } from "./domain/report-model.ts";
import { signingKeyId } from "./signing-key.ts";
import { standingNotice } from "./standing-notice.ts";
import { selectNow, selectPurposes, selectSenders } from "./store.ts";

/** The request that a report answers. Ids are public. */
export interface ReportedRequest {
  readonly id: string;
  readonly subjectId: string;
  readonly kind: "access" | "portability";
  readonly regime: string;
  readonly language: Language;
  readonly receivedAt: Date;
}

/**
 * What Sayso holds about a person, merged records included, as a report model: what was there at one time, `madeAt`.
 * Access (GDPR Art. 15) is everything; portability (Art. 20) what the person provided or what was observed, not what
 * was made of it. Logs of any length are read while the report is written. Throws `not_found` and `gone`.
 */
export async function collectReport(
  ctx: Context,
  request: ReportedRequest,
  publicKey: Uint8Array,
): Promise<ReportModel> {
  const madeAt = await selectNow(ctx);
  const organization = await getOrganization(ctx);
  const person = await readPerson(ctx, request.subjectId);
  const [purposes, senders, holds] = await Promise.all([
    selectPurposes(ctx),
    selectSenders(ctx),
    holdsOn(ctx, person.root.id),
  ]);
  const reported: Reported = {
    ctx,
    subjectId: formatId("sub", person.root.id),
    recordIds: [...person.keys.keys()],
    evidenceKeys: new Map([...person.keys].map(([id, { evidenceKey }]) => [id, evidenceKey])),
    hashes: person.hashes,
    identifiers: person.identifiers,
    timeZones: timeZonesOf(person.records),
    savedNumbers: senders
      .filter(({ id }) => savedSendersOf(person.records).includes(formatId("snd", id)))
      .map(({ displayPhoneNumber }) => displayPhoneNumber),
    heldSince: holds.map(({ placedAt }) => placedAt),
    purposes,
    senders,
    consents: await consentHistory(ctx, request.subjectId),
    language: request.language,
    timeZone: organization.timeZone ?? "UTC",
    until: madeAt,
  };
  const account = await accountSections(reported);
  const files = consentFiles(await attachmentsOf(ctx, person.keys), account.attachments.length + 1);
  const { dpo, supervisoryAuthority } = organization;
  return {
    requestId: request.id,
    kind: request.kind,
    regime: request.regime,
    language: request.language,
    timeZone: reported.timeZone,
    receivedAt: request.receivedAt.toISOString(),
    madeAt: madeAt.toISOString(),
    madeByVersion: version,
    organization: { name: organization.name, country: organization.country },
    dpo,
    supervisoryAuthority: supervisoryAuthority && {
      name: supervisoryAuthority.name,
      url: supervisoryAuthority.url ?? null,
    },
    person: { subjectId: reported.subjectId, identifiers: person.identifiers },
    notice: {
      purposes: purposes.map(({ key, name, description, category, lawfulBasis }) => ({
        key,
        name,
        description,
        category,
        lawfulBasis,
      })),
      ...standingNotice(organization, senders.length > 0, request.language),
    },
    sources: [{ name: "Sayso", state: "read" }, ...account.sources],
    sections: [
      ...account.typed,
      await consentSection(reported, files),
      await optOutSection(reported),
      await messageSection(reported),
      ...(request.kind === "access" ? [await decisionSection(reported)] : []),
      await requestSection(reported),
      ...(request.kind === "access" ? [await disclosureSection(reported)] : []),
      ...(await signInSections(reported)),
      ...account.custom,
    ],
    attachments: [...account.attachments, ...files],
    signingKey: {
      id: signingKeyId(publicKey),
      url: `${ctx.services.publicUrl}/.well-known/sayso-keys.json`,
    },
  };
}
