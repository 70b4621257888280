import { keptFor } from "./retention.ts";

/** Every limit of Sayso in one place. A refusal names the limit and what to do about it. */
export const limits = {
  /** A JSON body of the API. */
  bodyBytes: 256 * 1024,
  /** Wrong places that one problem document names. */
  problemErrors: 100,
  /** Objects and arrays within each other in a JSON body. */
  jsonDepth: 64,
  /** A batch of checks as one JSON document. */
  batchBodyBytes: 2 * 1024 * 1024,
  batchRecipients: 1_000,
  /** Meta sends up to 3 MB and 1,000 updates in one body. */
  webhookBodyBytes: 4 * 1024 * 1024,
  webhookRetentionDays: keptFor("raw_webhooks", "days"),
  /** Outgoing webhooks: enabled endpoints of an organization, and deliveries to one of them at the same time. */
  webhookEndpoints: 20,
  webhookLanes: 4,
  /** One attempt, a connection between two of them, and how much of an answer is read. */
  webhookTimeoutMs: 15_000,
  webhookIdleMs: 20_000,
  webhookAnswerBytes: 16 * 1024,
  /** How long an endpoint is worked off in one go, and for how long who does so, or an attempt, is not taken for dead. */
  webhookWorkMs: 40_000,
  webhookClaimSeconds: 75,
  webhookLingerMs: 200,
  /** How long one that did not answer is left alone, so that it holds up no other. */
  webhookRestSeconds: 30,
  /** Until the next attempt after the first failed one, the second and so on: three days in all. */
  webhookRetrySeconds: [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 57_600, 86_400],
  /** How long the delivery log goes back, and what can be replayed. */
  webhookDeliveryDays: keptFor("delivery_log", "days"),
  /** How long somebody who listens is remembered without a sign of life, and how often they look. */
  webhookListenSeconds: 60,
  webhookListenMs: 250,
  /** Background jobs of one process that send to other systems, at the same time. */
  webhookJobsAtOnce: 6,
  /** A section of account data. */
  sectionBytes: 4 * 1024 * 1024,
  sectionDepth: 32,
  /** All sections of one person, as they are stored. */
  accountDataBytes: 16 * 1024 * 1024,
  /** The file that describes sources, how many it may have, and sections of one of them. */
  sourcesFileBytes: 256 * 1024,
  sources: 100,
  sourceSections: 50,
  /** How long one source is asked about one section, unless its description says otherwise, and the most that may say. */
  sourceTimeoutSeconds: 10,
  sourceTimeoutMostSeconds: 60,
  /** The same for files, which are read from their beginning to their end. */
  sourceFileTimeoutSeconds: 120,
  sourceFileTimeoutMostSeconds: 900,
  /** Rows that a source has about one person for one section, and what they are together, as JSON. */
  sourceRows: 50_000,
  sourceBytes: 4 * 1024 * 1024,
  /** One row of a file. */
  sourceRowBytes: 1024 * 1024,
  /** Ways to ask one source, for somebody with several numbers, addresses and ids. */
  sourceQuestions: 50,
  /** Questions to sources that one archive has under way, how often each is asked, and the waits between. */
  sourcesAtOnce: 4,
  sourceRetryMs: [500, 2_000],
  /** Broken rows of a file whose lines are named. */
  sourceBrokenRows: 10,
  /** A profile photo, decoded. */
  photoBytes: 512 * 1024,
  /** A section with more rows or list entries than this has a page of its own in the report. */
  inlineRows: 100,
  /** One with more rows than this is split by month in the archive, and a month with more of them again. */
  stretchRows: 10_000,
  /** Files in an archive; a ZIP without ZIP64 holds 65,535. */
  archiveFiles: 10_000,
  /** An archive, and one file in it: what a ZIP without ZIP64 and every unpacking tool can take. */
  archiveBytes: 2 * 1024 ** 3,
  archiveFileBytes: 4 * 1024 ** 3 - 1,
  /** All files of an archive unpacked; the verifier reads no more. */
  archiveUnpackedBytes: 16 * 1024 ** 3,
  archiveManifestBytes: 4 * 1024 * 1024,
  nameLength: 200,
  textLength: 10_000,
  keyLength: 64,
  idempotencyKeyLength: 200,
  idempotencyRetentionDays: keptFor("repeated_requests", "days"),
  listDefault: 50,
  listMost: 200,
  clockSkewSeconds: 300,
  captureTokenLifeSeconds: 24 * 3600,
  /** A file that proves a consent, how many one consent may name, and how long one is kept that none names. */
  attachmentBytes: 10 * 1024 * 1024,
  consentAttachments: 10,
  attachmentWaitSeconds: 23 * 3600,
  /** Boxes of one collection point. */
  pointBoxes: 10,
  /** Words that one collection point hears as a yes. */
  pointKeywords: 50,
  /** Sites whose pages may show one collection point. */
  pointOrigins: 100,
  /** Sign-ups on pages: of one address, behind which a whole office may be, and for one number. */
  signUpsOfAddress: { points: 60, seconds: 600 },
  signUpsOfNumber: { points: 30, seconds: 3600 },
  /** How long a yes that was typed on a page can be confirmed, and mails that ask for it to one address. */
  confirmationLifeDays: 7,
  confirmationMails: { points: 3, seconds: 3600 },
  confirmationMailsOfDay: { points: 5, seconds: 24 * 3600 },
  /** Handing a mail over to the mail server. */
  mailTimeoutMs: 20_000,
  /** Codes to one address that show whose it is: so many in so long and in 24 hours, and how long one is good. */
  identityCodes: 3,
  identityCodesSeconds: 3600,
  identityCodesPerDay: 6,
  identityCodeLifeSeconds: 600,
  /** Posts of one address to the page of data requests, and codes that one organization sends by it. */
  claimsPerAddress: { points: 30, seconds: 600 },
  codesOfOrganization: { points: 500, seconds: 3600 },
  /** How long after it was proven a claim whose request is not open is taken up again. */
  claimStallSeconds: 60,
  /** Handing a notice over to a gateway, how much of its answer is read, and how long who does so is not taken for dead. */
  noticeTimeoutMs: 15_000,
  noticeAnswerBytes: 64 * 1024,
  noticeLeaseSeconds: 75,
  /** How long after it was due a notice is queued again, and how long it stays on record that there was one. */
  noticeStallSeconds: 30,
  /** How far ahead a list of what is due looks. */
  dueDaysAhead: 366,
  noticeKeptDays: keptFor("notices", "days"),
  /** A letter's text, and the letters of one request. */
  letterCharacters: 20_000,
  lettersOfRequest: 200,
  /** What stays after an erasure, as its letter lists it. */
  letterRemainders: 50,
  /** How long an attempt to mail a letter has before it is taken for lost. */
  letterClaimSeconds: 120,
  /** Until the next attempt after the first failed one, the second and so on: a day and a half in all. */
  letterRetrySeconds: [60, 300, 900, 3_600, 7_200, 14_400, 28_800, 36_000, 36_000],
  /** How long a browser may remember that a site is listed: a removed one is refused by then even before it asks. */
  preflightSeconds: 600,
  causeLifeSeconds: 15 * 60,
  causesPerPerson: 10,
  /** Messages to one person in 24 hours that causes of one kind let through, sign-ins aside, whatever they opted out of. */
  causedMessagesPerDay: 10,
  gatheredChecks: 64,
  /** How long a few checks wait for company, when others have just been asked about: a statement has a price of its own. */
  checkRestMs: 3,
  /** Consents that one statement records: of those that come one by one, and of those that come together. */
  gatheredConsents: 64,
  consentsAtOnce: 500,
  /** Rows of a file that one statement imports, and such statements of one import under way. */
  importBatchRows: 500,
  importBatchesInFlight: 2,
  /** How often a batch is tried again when people in it were made known by others meanwhile. */
  importTries: 10,
  /** One row of a file, and how a file is read (its mapping, or the evidence for a list). */
  importRowBytes: 256 * 1024,
  importMappingBytes: 256 * 1024,
  /** How long consents count that were collected before Sayso, under evidence for a whole list, unless renewed. */
  legacyMonths: 12,
  /** Rows of an export that are read at a time. */
  exportRows: 1_000,
  /** Statements of one organization's consents that a process has under way. */
  consentRunsInFlight: 2,
  /** How often a check is judged again when others took what it was given. */
  checkTries: 3,
  /** Checks, and likewise consents and looks for an API key, that wait for their turn; further ones are refused. */
  waitingChecks: 10_000,
  /** Lines of an import that are under way at the same time: a service beside it needs connections too. */
  importLinesInFlight: 16,
  /** Lines of one streamed batch that were begun and not answered yet. */
  batchLinesInFlight: 256,
  /** Recipients of a preview whose facts one statement reads: more make it no faster and a process deaf for longer. */
  previewChunk: 256,
  /** Such statements of one process at the same time, and of one preview. */
  previewsInFlight: 2,
  /** Bad lines that a preview tells. */
  previewProblems: 100,
  /** How far ahead a preview tells by the hour when to ask again. */
  previewHours: 7 * 24,
  windowSeconds: 24 * 3600,
  /** How long no marketing goes to a person after the platform held a message back. */
  platformHoldSeconds: 24 * 3600,
  /** Two messages that could not be delivered within this time, and a person counts as out of reach. */
  undeliverableWithinSeconds: 7 * 24 * 3600,
  optOutUndoSeconds: 600,
  /** How long after marketing a voice note may be an answer to it, and so a no that nobody has heard. */
  voiceNoteAfterMarketingSeconds: 24 * 3600,
  /** Noes at /stop from one address (many people may share it), and about one number. */
  stopsPerAddress: { points: 30, seconds: 600 },
  stopsPerNumber: { points: 5, seconds: 3600 },
  /** What happened of late that a person's page shows; all of it is in their archive. */
  historyShown: 50,
  /** How long a person's pause of marketing lasts. */
  pauseDays: 30,
  /** Wishes for a language or a channel that a person may tell. */
  wishesOfPerson: { points: 30, seconds: 3600 },
  /** Choices that the bearers of a person's link take back, and likewise opt-outs. */
  undosOfPerson: { points: 10, seconds: 3600 },
  /** Codes by which a person proves that a number is theirs: so many in so long, and how long one is good. */
  preferenceCodes: 3,
  preferenceCodesSeconds: 3600,
  /** Those that the bearer of a link asked for, who may guess at them, have a limit of 24 hours, too. */
  preferenceCodesByLinkPerDay: 6,
  preferenceCodeLifeSeconds: 600,
  /** How long it stays on record that there was one. */
  preferenceCodeKeptDays: keptFor("codes", "days"),
  /** How long whoever gave a code may see and change everything on their page. */
  preferenceSessionSeconds: 900,
  /** Posts of one address to the page behind a link: codes asked for and tried. */
  codesPerAddress: { points: 30, seconds: 600 },
  /** How long a permit may be redeemed, and so how long after a no a message may still arrive. */
  permitLifeSeconds: 60,
  /** Monitor mode of a sender and a purpose, from the first time that it began. */
  monitorDays: 60,
  /** The longest time over which a policy may have complaints about a sender counted. */
  complaintHours: 24 * 31,
  /** Entries of one list of a policy. */
  policyEntries: 100,
  policyVersions: 10_000,
  /** Policies that a process keeps at hand; they never change. */
  policiesAtHand: 200,
  /** Stored decisions that a backtest goes through, the newest ones, and how many it holds at a time. */
  backtestDecisions: 100_000,
  backtestPage: 100,
  backtestDays: 30,
  /** Templates that one request imports, and a file of them, which may describe every one in full. */
  importedTemplates: 1_000,
  templateFileBytes: 16 * 1024 * 1024,
  /** A form that a person sends. */
  formBytes: 16 * 1024,
  /** Senders whose number one person is recorded to have saved. */
  savedSenders: 100,
  liveApiKeysOfOneName: 2,
  passcodeTries: 5,
  deliveryLifeDays: keptFor("archives", "days"),
  /** A finished archive that nobody was given a link to; a link ends it together with itself. */
  archiveLifeDays: 28,
  /** How long after an erasure what proves consents can still be opened. */
  evidenceYears: keptFor("consent_proof", "years"),
  /** How long after an erasure what was written about the person meanwhile is looked for: longer than a statement may take. */
  eraseAgainSeconds: 60,
  /** How long backups may be kept. */
  backupMostDays: 3_660,
  /** A sealed piece of a stored archive. */
  archiveChunkBytes: 1024 * 1024,
  /** Building an archive: a sign of life comes at least this often, and the whole may take this long. */
  archiveLeaseSeconds: 60,
  /** How long a build may wait in the queue before it is queued again. */
  archiveQueueSeconds: 600,
  /** How long after its last failure a build is queued again, when the queue itself has given it up. */
  archiveRetrySeconds: 24 * 3600,
  archiveBuildSeconds: 3600,
  /** JavaScript memory of the thread that builds one. */
  archiveThreadMb: 192,
  /** And of that for young objects: with less, a page of rows counts as old, and is cleared up at a price. */
  archiveThreadYoungMb: 24,
  /** How far behind everything else it stands in the line for a processor (nice). */
  archiveThreadNice: 10,
  /** Background jobs of one process at the same time. */
  jobsAtOnce: 3,
  /** A JSON Schema of an organization's own section, and how many of them it may have. */
  sectionSchemaBytes: 64 * 1024,
  customSections: 100,
  /** Reading and applying such a schema, which may hold patterns that never end. */
  sectionSchemaMs: 500,
  /** Fetching the public keys that an archive is checked against. */
  keysFetchMs: 10_000,
  keysDocumentBytes: 64 * 1024,
  statementTimeoutMs: 10_000,
  /** Months of decisions and messages that have a partition before they begin. */
  partitionMonthsAhead: 3,
  /** Rows that one statement looks at when it deletes what an organization keeps no more, and how long it may take. */
  retentionRows: 5_000,
  retentionStatementMs: 15 * 60_000,
  /** The least and the most that a policy may say: what the rules, caps and backtests look back to is never removed. */
  retentionLeastMonths: 2,
  retentionMostMonths: 240,
  /** States that one statement works out from their events, and differences that are told one by one. */
  statesAtOnce: 2_000,
  stateDifferences: 1_000,
  /** A request's headers, and the whole request, must have arrived by then. */
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 30_000,
  /** How often the two above are looked after. */
  connectionsCheckMs: 5_000,
  /** A connection between two requests: longer than load balancers keep theirs, which is a minute as a rule. */
  keepAliveMs: 65_000,
  /** A connection on which nothing moves in either direction. */
  idleConnectionMs: 120_000,
  connections: 5_000,
  shutdownTimeoutMs: 20_000,
  /** Waiting for another process to start, stop or first make the embedded PostgreSQL. */
  embeddedDatabaseLockMs: 11 * 60_000,
  /** The embedded PostgreSQL's start, a recovery after a crash included. */
  embeddedDatabaseStartMs: 10 * 60_000,
  embeddedDatabaseStopSeconds: 60,
  embeddedDatabaseWatchMs: 500,
} as const;
