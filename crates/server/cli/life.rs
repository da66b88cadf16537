//! `tenant export`, `import`, `offboard`, `restore` and `receipts`, and `verify-receipt`, which needs no server.

mod archive;
mod leave;
mod receipt;

use super::Failure;
use super::args::life::Life;

pub(super) use receipt::run as verify_receipt;

pub(super) fn run(command: Life) -> Result<(), Failure> {
    match command {
        Life::Export(export) => archive::export(&export),
        Life::Import(import) => archive::import(&import),
        Life::Offboard(offboard) => leave::offboard(&offboard),
        Life::Restore { id, server } => leave::restore(&id, &server),
        Life::Receipts { server } => leave::receipts(&server),
    }
}
