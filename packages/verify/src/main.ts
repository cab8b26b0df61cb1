#!/usr/bin/env node
// The command consilium-verify. Its code is loaded by a Node that can run it, and by no other.
import '@consilium/process-start/require-node';

await import('./command-line.ts');
