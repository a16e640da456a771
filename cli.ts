#!/usr/bin/env node
import { main } from './engine/cli/main.ts';

await main(process.argv);
