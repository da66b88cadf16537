//! The Mailward service: configuration, wiring, lifecycle and command line.
//!
//! [`app::App`] is the whole service in one value; [`cli`] is how a person starts and asks it.

mod acme;
pub mod app;
pub mod backup;
mod beat;
mod brand;
mod checkpoints;
pub mod cli;
pub mod config;
pub mod data_dir;
mod decisions;
pub mod doctor;
mod domains;
mod hardening;
mod hooks;
mod judging;
mod listeners;
pub mod providers;
mod reports;
pub mod roles;
mod sending;
pub mod start;
mod supervise;
pub mod telemetry;
mod time;
mod tls;
mod traces;
mod work;

pub use start::StartError;
