import type { Scope } from "../../../src/kernel/scopes.ts";

/** What a key needs besides `all` for each group of routes: all of these scopes together. */
export const scopesOfRoutes: readonly (readonly [routes: RegExp, needed: readonly Scope[]])[] = [
  [/ \/v1\/subjects\/\{id\}\/merge$/, ["subjects", "staff"]],
  [/ \/v1\/blocks\/\{id\}\/lift$/, ["blocks", "staff"]],
  [/ \/v1\/policies\/\{version\}\/activate$/, ["configuration", "staff"]],
  [/ \/v1\/(policy|policies|policy-schema|policy-presets)(\/|$)/, ["configuration"]],
  [/^PATCH \/v1\/senders\/\{id\}$/, ["configuration", "staff"]],
  [/ \/v1\/senders\/\{id\}\/lift-restriction$/, ["configuration", "staff"]],
  [/ \/v1\/holiday-calendars\/\{country\}\/\{year\}$/, ["data_requests", "staff"]],
  [/ \/v1\/data-requests\/\{id\}\/(archive|erase)$/, ["data_requests", "staff"]],
  [/ \/v1\/(data-requests|regimes|holiday-calendars)(\/|$)/, ["data_requests"]],
  [/ \/v1\/subjects\/\{id\}\/account-data(\/|$)/, ["account_data"]],
  [/ \/v1\/account-sections$/, ["account_data"]],
  [/ \/v1\/subjects\//, ["subjects"]],
  [/ \/v1\/collection-points\/\{id\}\/capture-tokens$/, ["consents"]],
  [/ \/v1\/attachments\/\{id\}$/, ["consents", "staff"]],
  [/ \/v1\/attachments$/, ["consents"]],
  [/ \/v1\/consents(\/|$)/, ["consents"]],
  [
    / \/v1\/(organization|senders|purposes|templates|collection-points|webhook-endpoints)(\/|$)/,
    ["configuration"],
  ],
  [/ \/v1\/messages\/inbound$/, ["messages"]],
  [/ \/v1\/(checks|decisions|causes|permits|simulator-numbers)(\/|$)/, ["checks"]],
  [/ \/v1\/(opt-outs|opt-out-links)$/, ["opt_outs"]],
  [/ \/v1\/preference-codes(\/|$)/, ["preference_codes"]],
  [/ \/v1\/blocks$/, ["blocks"]],
  [/ \/v1\/(holds|switches|monitors|complaint-breakers|opt-out-suspicions)(\/|$)/, ["staff"]],
];
