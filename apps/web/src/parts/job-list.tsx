import type { Job } from "../painter/job.js";
import { JobCard, type JobActions } from "./job-card.js";

/** Jobs, the newest first. */
export function JobList({
  jobs,
  isBusy,
  ...actions
}: { readonly jobs: readonly Job[]; readonly isBusy: boolean } & JobActions) {
  return (
    <ol class="jobs">
      {jobs.map((job) => (
        <li key={job.id} class={job.pictures.length > 2 || job.isFilm ? "wide" : undefined}>
          <JobCard job={job} isBusy={isBusy} {...actions} />
        </li>
      ))}
    </ol>
  );
}
