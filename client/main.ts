#!/usr/bin/env node
import './p2p/host/promise-with-resolvers.ts';
import { runCommandLine } from './cli/command-line.ts';

process.exitCode = await runCommandLine(process.argv.slice(2));
