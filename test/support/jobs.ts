import { composeTasks } from "../../src/jobs/tasks.ts";
import type { TestService } from "./service.ts";

/** Runs a task that the worker does every minute, as it would. */
export async function runTask(service: TestService, name: string): Promise<void> {
  const { list, schedule } = composeTasks(service.composed);
  const isDue = schedule.some(({ task, match }) => task === name && match === "* * * * *");
  const task = list[name];
  if (!isDue || task === undefined) throw new Error(`The worker does no ${name} every minute.`);
  await task({}, new AbortController().signal);
}
