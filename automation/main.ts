#!/usr/bin/env node
import { Command } from "commander";
import { archiveCommand } from "./archive";
import { eventCommand, main } from "./event";

const program = new Command("lastframe")
  .description("Records live video to S3: recording events, and questions to an archive.")
  .addCommand(eventCommand())
  .addCommand(archiveCommand());

void main(program, process.argv.slice(2));
