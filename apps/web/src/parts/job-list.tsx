import { useEffect, useRef } from "preact/hooks";
import type { Job } from "../painter/job.js";
import { JobCard, type JobActions } from "./job-card.js";

/** Jobs, the newest first, which comes into view when it begins. */
export function JobList({
  jobs,
  isBusy,
  ...actions
}: { readonly jobs: readonly Job[]; readonly isBusy: boolean } & JobActions) {
  const newest = useRef<HTMLLIElement>(null);
  const id = jobs.find(({ state }) => state === "running")?.id;
  useEffect(() => {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (id !== undefined) newest.current?.scrollIntoView({ block: "nearest", behavior: isCalm ? "auto" : "smooth" });
  }, [id]);
  return (
    <ol class="jobs">
      {jobs.map((job, i) => (
        <li
          key={job.id}
          ref={i === 0 ? newest : undefined}
          class={i === 0 || job.pictures.length > 2 || job.isFilm ? "wide" : undefined}
        >
          <JobCard job={job} isBusy={isBusy} {...actions} />
        </li>
      ))}
    </ol>
  );
}
