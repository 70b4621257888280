import type { Command } from "commander";
import { listOrganizations } from "../features/organization/index.ts";
import { compareStates, notCompared, type StateComparison } from "../features/state/index.ts";
import { notFound, SaysoError } from "../kernel/errors.ts";
import { parseId } from "../kernel/ids.ts";
import { withService } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface RebuildOptions extends OutputOptions {
  readonly organization?: string;
  readonly compare?: boolean;
}

/** `sayso state rebuild --compare` */
export function addStateCommands(program: Command): void {
  const state = program.command("state").description("what events add up to");

  verb(
    state,
    "rebuild",
    "work out consents, noes, windows and blocks from their events; exit code 1 when what is stored differs",
  )
    .option("--compare", "say what differs, and change nothing")
    .option("--organization <id>", "org_…; every organization without it")
    .action(async (options: RebuildOptions) => {
      if (options.compare !== true) {
        throw new SaysoError(
          "invalid",
          "States are only compared, never written: add --compare. What differs is for you to look into first.",
        );
      }
      const organizations = await withService(async ({ services }) => {
        const named = (await listOrganizations(services)).filter(
          ({ id }) => options.organization === undefined || id === options.organization,
        );
        if (named.length === 0) throw notFound("organization");
        const done = [];
        for (const { id } of named) {
          done.push({ organizationId: id, ...(await compareStates(services, parseId("org", id) ?? "")) });
        }
        return done;
      });
      print(options, { organizations, notCompared }, [
        ...organizations.flatMap(linesOf),
        "Not compared, since no event tells:",
        ...notCompared.map((sentence) => `  ${sentence}`),
      ]);
      if (organizations.some(({ differenceCount }) => differenceCount > 0)) process.exitCode = 1;
    });
}

function linesOf({
  organizationId,
  compared,
  differenceCount,
  differences,
}: StateComparison & { readonly organizationId: string }): string[] {
  const counts = Object.entries(compared).map(([state, count]) => `${count} ${state}`);
  return [
    `${organizationId}: ${counts.join(", ")}. ${differenceCount === 0 ? "No difference." : `${differenceCount} differ:`}`,
    ...differences.map(
      ({ state, of, stored, rebuilt }) =>
        `  ${state} ${JSON.stringify(of)} is ${JSON.stringify(stored)}; the events give ${JSON.stringify(rebuilt)}`,
    ),
    ...(differenceCount > differences.length ? [`  and ${differenceCount - differences.length} more`] : []),
  ];
}
