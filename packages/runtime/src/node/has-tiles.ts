import { readFile } from "node:fs/promises";

let answer: Promise<boolean> | undefined;

/** Whether this processor multiplies tiles of int8 (Intel's AMX). Linux tells; elsewhere ONNX Runtime 1.30 does not use them. */
export function hasTiles(): Promise<boolean> {
  return (answer ??= readFile("/proc/cpuinfo", "utf8").then(
    (text) => /^flags\b.* amx_int8\b/m.test(text),
    () => false,
  ));
}
