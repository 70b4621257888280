export { dropPastClaims, openClaimedRequest, resumeClaims } from "./open-claimed-request.ts";
