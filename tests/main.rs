//! The tests of the whole service, as one program: each test starts the real thing on its own data.

#![expect(unreachable_pub, reason = "the harness is shared by modules that use different parts of it")]

mod world;

mod acme;
mod api;
mod archive;
mod audit;
mod backup;
mod cli;
mod clients;
mod codes;
mod console;
mod crash;
mod crossing;
mod delivery;
mod demo;
mod deploy;
mod doctor;
mod domains;
mod fairness;
mod findings;
mod flags;
mod gate;
mod harness;
mod healing;
mod inbound;
mod isolation;
mod judging;
mod keys;
mod leaving;
mod limits;
mod lists;
mod locks;
mod loops;
mod mcp;
mod metering;
mod meters;
mod nodes;
mod outgoing;
mod providers;
mod reading;
mod regions;
mod reviewing;
mod right_reason;
mod rotation_at_scale;
mod sending;
mod smtp;
mod store;
mod streams;
mod swaps;
mod threads;
mod traces;
mod verdicts;
mod webhooks;
