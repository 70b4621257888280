export { type OpenedOrganization, openForPerson } from "../organization/index.ts";
