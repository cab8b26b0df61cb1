// Loaded before ONNX Runtime. Its official builds since 1.29 report to their maker what graphs run where (with digests
// of the graph and of its weights), unless this variable is set before the runtime starts. Decision 117 says more.
import { isMainThread } from 'node:worker_threads';

const SWITCH = 'ORT_DISABLE_TELEMETRY';

// The runtime reads the variables of the process. A thread has a copy of them; only the main thread writes through.
if (isMainThread) process.env[SWITCH] = '1';
else if (process.env[SWITCH] !== '1') {
  throw new Error(
    `ONNX Runtime would send telemetry, and a thread cannot turn that off: set ${SWITCH}=1 for the process, ` +
      'or import @consilium/onnx-grad on the main thread before the thread starts',
  );
}
