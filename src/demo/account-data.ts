/** What the shop stores about the first customer, section by section. Names and numbers belong to nobody. */
export const accountData: Readonly<Record<string, object>> = {
  account: {
    identifiers: [{ kind: "external_id", value: "shop-4711" }],
    platform: "web shop",
    registeredAt: "2024-03-02T09:15:00Z",
    status: "active",
  },
  profile: {
    // A square of 16 × 16 pixels in one colour.
    photo: {
      mediaType: "image/png",
      base64:
        "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mOQz+8mCTGMahjVMHw1AAD4MxkQXYY9tQAAAABJRU5ErkJggg==",
    },
    photoSetAt: "2025-06-11T18:40:00Z",
    about: "Likes blue things.\n<b>This stays text.</b>",
    aboutSetAt: "2025-06-11T18:42:00Z",
  },
  devices: {
    devices: [
      {
        id: "device-1",
        manufacturer: "Example Phones",
        model: "E1",
        systemVersion: "15",
        appVersion: "3.2.1",
        lastActiveAt: "2026-11-20T07:30:00Z",
        sessions: [{ kind: "web", name: "Browser", lastActiveAt: "2026-11-19T21:05:00Z" }],
      },
    ],
  },
  connection: { offlineSince: "2026-11-20T07:45:00Z", previousIp: "192.0.2.17", currentIp: "2001:db8::17" },
  contacts: { numbers: ["+12025550188", "+12025550189"] },
  groups: { current: ["Blue things"], past: ["Summer market"] },
  blocked: { numbers: ["+12025550199"] },
  settings: { lastSeenPrivacy: "contacts", photoPrivacy: "everyone", readReceipts: true, language: "en" },
  terms: {
    documents: [{ document: "Terms of the shop", version: "3", accepted: true, at: "2024-03-02T09:15:00Z" }],
    dataSharingOptOut: { optedOut: true, at: "2025-01-07T10:00:00Z", honoured: true },
  },
};

/** A section that the shop registered itself. */
export const ownSection = {
  section: "loyalty_card",
  title: "Loyalty card",
  schema: {
    type: "object",
    properties: { cardNumber: { type: "string" }, points: { type: "integer" } },
    required: ["cardNumber"],
    additionalProperties: false,
  },
} as const;

export const ownDocument = { cardNumber: "LC-0042", points: 1_250 } as const;
