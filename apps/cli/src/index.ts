#!/usr/bin/env -S GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1048576:glibc.malloc.hugetlb=1 node
// glibc then gives the memory of a network that closes back to the system; otherwise it keeps hundreds of megabytes for itself.
import { run } from "./run.js";
import { processHost } from "./host.js";

process.exitCode = await run(process.argv.slice(2), processHost());
