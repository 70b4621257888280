import type { Composed } from "./compose.ts";
import type { Config } from "./config.ts";
import { accountDataRoutes } from "./features/accountdata/routes.ts";
import { signingKeyRoutes } from "./features/archive/routes.ts";
import { blocklistRoutes } from "./features/blocklist/routes.ts";
import { collectionRoutes } from "./features/collection/routes.ts";
import { widgetRoutes } from "./features/collection/widget-routes.ts";
import { attachmentRoutes } from "./features/consent/attachment-routes.ts";
import { formRoutes } from "./features/consent/form-routes.ts";
import { createConsentRecorder } from "./features/consent/index.ts";
import { consentRoutes } from "./features/consent/routes.ts";
import { siteRoutes } from "./features/consent/site-routes.ts";
import { dueRoutes } from "./features/datarequest/due-routes.ts";
import { erasureRoutes } from "./features/datarequest/erasure-routes.ts";
import { letterRoutes } from "./features/datarequest/letter-routes.ts";
import { opendsrRoutes } from "./features/datarequest/opendsr-routes.ts";
import { pickupRoutes } from "./features/datarequest/pickup-routes.ts";
import { regimeRoutes } from "./features/datarequest/regime-routes.ts";
import { dataRequestRoutes } from "./features/datarequest/routes.ts";
import { requestStepRoutes } from "./features/datarequest/step-routes.ts";
import { breakerRoutes } from "./features/gate/breaker-routes.ts";
import {
  createGate,
  createLanes,
  createPreviewer,
  createRedeemer,
  mayCome,
  optOutKeywords,
  permitSeconds,
  weighComplaints,
} from "./features/gate/index.ts";
import { checkLineRoutes } from "./features/gate/line-routes.ts";
import { monitorRoutes } from "./features/gate/monitor-routes.ts";
import { permitRoutes } from "./features/gate/permit-routes.ts";
import { policyRoutes } from "./features/gate/policy-routes.ts";
import { previewRoutes } from "./features/gate/preview-routes.ts";
import { checkRoute, gateRoutes } from "./features/gate/routes.ts";
import { simulatorRoutes } from "./features/gate/simulator-routes.ts";
import { switchRoutes } from "./features/gate/switch-routes.ts";
import { optOutPageRoutes } from "./features/optout/page-routes.ts";
import { optOutRoutes } from "./features/optout/routes.ts";
import { stopRoutes } from "./features/optout/stop-routes.ts";
import { suspicionRoutes } from "./features/optout/suspicion-routes.ts";
import { apiKeyFinder } from "./features/organization/index.ts";
import { organizationRoutes } from "./features/organization/routes.ts";
import { outgoingRoutes } from "./features/outgoing/routes.ts";
import { preferencePageRoutes } from "./features/preference/page-routes.ts";
import { preferenceRoutes } from "./features/preference/routes.ts";
import { privacyRoutes } from "./features/privacy/routes.ts";
import { holdRoutes } from "./features/retention/hold-routes.ts";
import { subjectRoutes } from "./features/subject/routes.ts";
import { webhookRoutes, whatsappRoutes } from "./features/whatsapp/routes.ts";
import { type App, createApp, jsonBody } from "./http/app.ts";
import { authenticated, idempotent, requires } from "./http/authenticate.ts";
import { trustProxies } from "./http/client-address.ts";
import { operationRoutes } from "./http/operation.ts";
import { limits } from "./kernel/limits.ts";

/** The whole HTTP side of the service: `/v1` for machines, pages for people, operation for whoever runs it. */
export function buildApp(composed: Composed, config: Config): App {
  const { services, organizationKeys } = composed;
  const app = createApp(services, trustProxies(config.trustedProxies));

  const authenticate = authenticated(services, { findApiKey: apiKeyFinder(services), organizationKeys });
  app.use("/v1/*", authenticate);
  opendsrRoutes(app, composed.opendsr, {
    publicUrl: services.publicUrl,
    before: [authenticate, ...jsonBody(() => limits.bodyBytes)],
  });
  const lanes = createLanes(services);
  const gate = createGate(services, lanes);
  checkRoute(app, gate);
  const preview = createPreviewer(services);
  checkLineRoutes(app, { gate, preview });
  attachmentRoutes(app);
  app.use(
    "/v1/*",
    ...jsonBody((path) =>
      ["/v1/checks/batch", "/v1/checks/preview", "/v1/templates/import"].includes(path)
        ? limits.batchBodyBytes
        : path.includes("/account-data/")
          ? limits.sectionBytes
          : limits.bodyBytes,
    ),
  );
  app.use("/v1/*", idempotent);
  for (const path of ["/v1/organization", "/v1/senders/*", "/v1/purposes/*"])
    app.use(path, requires("configuration"));

  organizationRoutes(app);
  subjectRoutes(app);
  collectionRoutes(app);
  consentRoutes(app, createConsentRecorder());
  optOutRoutes(app);
  suspicionRoutes(app);
  preferenceRoutes(app);
  blocklistRoutes(app);
  gateRoutes(app, gate);
  previewRoutes(app, preview);
  permitRoutes(app, createRedeemer(services, lanes));
  policyRoutes(app);
  switchRoutes(app);
  monitorRoutes(app);
  breakerRoutes(app);
  simulatorRoutes(app);
  whatsappRoutes(app, optOutKeywords);
  outgoingRoutes(app);
  accountDataRoutes(app);
  holdRoutes(app);
  dueRoutes(app);
  dataRequestRoutes(app);
  requestStepRoutes(app);
  letterRoutes(app);
  regimeRoutes(app);
  erasureRoutes(app);
  webhookRoutes(
    app,
    { services, organizationKeys, onComplaint: weighComplaints, ownKeywords: optOutKeywords },
    {
      appSecrets: config.whatsappAppSecrets,
      forwardUrls: config.whatsappForwardUrls,
      verifyToken: config.whatsappVerifyToken,
    },
  );
  siteRoutes(app, services, organizationKeys);
  widgetRoutes(app, services);
  formRoutes(app, services, organizationKeys);
  optOutPageRoutes(app, services, organizationKeys, permitSeconds);
  preferencePageRoutes(app, services, organizationKeys, mayCome);
  stopRoutes(app, services, organizationKeys, permitSeconds);
  privacyRoutes(app, services, organizationKeys);
  pickupRoutes(app, services, organizationKeys);
  signingKeyRoutes(app, [composed.signingKey.publicKey]);
  operationRoutes(app, services);
  return app;
}
