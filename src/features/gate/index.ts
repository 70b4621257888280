export { type Answer, type CheckInput, createGate } from "./check.ts";
export { checkSchema, gateRoutes } from "./routes.ts";
