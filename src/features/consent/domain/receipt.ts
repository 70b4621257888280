/** What a consent receipt tells. */
export interface ReceiptFacts {
  readonly consent: {
    /** Uuid. */
    readonly id: string;
    /** `sub_…` */
    readonly subjectId: string;
    readonly channel: string;
    readonly state: string;
    readonly dpvState: string | null;
    readonly proof: string;
    readonly indication: string | null;
    readonly occurredAt: Date;
    readonly expiresAt: Date | null;
    readonly language: string | null;
  };
  readonly organization: {
    readonly name: string;
    readonly country: string | null;
    readonly language: string;
    readonly dpo: { readonly name: string; readonly contact: string } | null;
    /** Who receives the data, as the organization says it to people. */
    readonly recipients: string | null;
  };
  readonly purpose: { readonly name: string; readonly description: string; readonly category: string };
  /** The collection point and the version that was shown; null: nobody knows. */
  readonly shown: {
    readonly name: string;
    readonly kind: string;
    readonly version: number;
    readonly language: string;
    readonly privacyNoticeUrl: string | null;
    readonly wordingSha256: string;
  } | null;
}

/** Kantara's categories of purposes (Consent Receipt Specification 1.1, appendix) for WhatsApp's kinds of message. */
const purposeCategories: Readonly<Record<string, string>> = {
  marketing: "6 - Marketing",
  utility: "2 - Contracted Service",
  authentication: "1 - Core Function",
  service: "4 - Contact Requested",
};

/** Who carries messages of a channel and so learns whom they are to. */
const carriers: Readonly<Record<string, string>> = {
  whatsapp: "WhatsApp",
  viber: "Viber",
  telegram: "Telegram",
};

const channelNames: Readonly<Record<string, string>> = { ...carriers, sms: "SMS", email: "e-mail" };

/**
 * A consent receipt after the Kantara Initiative's specification 1.1. What is not on record is an empty text: the
 * specification has no word for it. Beside its members there are `consentStatus` (W3C DPV 2.3), `proof` and
 * `wordingSha256`. The person goes by Sayso's id, so that a receipt that is passed on tells no number.
 */
export function buildReceipt({ consent, organization, purpose, shown }: ReceiptFacts) {
  const { dpo } = organization;
  const contact = dpo?.contact ?? "";
  const disclosedTo = [carriers[consent.channel], organization.recipients].filter(
    (name): name is string => name !== null && name !== undefined && name !== "",
  );
  return {
    version: "KI-CR-v1.1.0",
    jurisdiction: organization.country ?? "",
    consentTimestamp: Math.max(0, Math.floor(consent.occurredAt.getTime() / 1000)),
    collectionMethod:
      shown === null
        ? "Not on record"
        : [`${shown.name} (${shown.kind}), version ${shown.version}`, consent.indication ?? []]
            .flat()
            .join(", "),
    consentReceiptID: consent.id,
    language: consent.language ?? shown?.language ?? organization.language,
    piiPrincipalId: consent.subjectId,
    piiControllers: [
      {
        piiController: organization.name,
        contact: dpo?.name ?? "",
        address: organization.country === null ? {} : { addressCountry: organization.country },
        email: contact.includes("@") ? contact : "",
        phone: /^\+?[\d\s()-]{5,}$/.test(contact) ? contact : "",
      },
    ],
    policyUrl: shown?.privacyNoticeUrl ?? "",
    services: [
      {
        service: `Messages by ${channelNames[consent.channel] ?? consent.channel}`,
        purposes: [
          {
            purpose: `${purpose.name}: ${purpose.description}`,
            purposeCategory: [purposeCategories[purpose.category] ?? purpose.category],
            consentType: "EXPLICIT",
            piiCategory: ["2 - Contact"],
            primaryPurpose: true,
            termination: consent.expiresAt?.toISOString() ?? "When it is withdrawn",
            ...(disclosedTo.length === 0
              ? { thirdPartyDisclosure: false as const }
              : { thirdPartyDisclosure: true as const, thirdPartyName: disclosedTo.join("; ") }),
          },
        ],
      },
    ],
    sensitive: false,
    spiCat: [],
    consentStatus: consent.dpvState,
    proof: consent.proof,
    wordingSha256: shown?.wordingSha256 ?? null,
  };
}
