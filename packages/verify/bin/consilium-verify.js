#!/usr/bin/env node
// The command as npm links it, which it does before anything is compiled, and only to files that are there.
import '../dist/src/main.js';
