export { type OpenedOrganization, openForPerson, openLink, openNamedPage } from "./acting-person.ts";
export { openInstallation, organizationKeyring, type SigningKey } from "./keys.ts";
export { apiKeyFinder, createApiKey, endApiKey, listApiKeys } from "./manage-api-keys.ts";
export { createOrganization, getOrganization, listOrganizations, sandboxOf } from "./manage-organizations.ts";
export { listPurposes } from "./manage-purposes.ts";
export { findSender } from "./manage-senders.ts";

export {
  selectFirstOrganizationId as firstOrganizationId,
  selectPurpose as findPurpose,
  selectPurposesOf as findPurposes,
  selectSenders as findSenders,
} from "./store.ts";
