export { type Answer, type CheckInput, createGate } from "./check.ts";
export { gateRoutes } from "./routes.ts";
