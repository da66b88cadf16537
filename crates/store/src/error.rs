//! What can go wrong below the domain: the database, or a row that is not what it should be.

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be reached, is out of space, or failed.
    #[error("the store is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// A file or folder of the store could not be used.
    #[error("the store's files cannot be used")]
    Io(#[from] std::io::Error),
    /// The schema could not be brought to this version, or is newer than this program.
    #[error("the schema could not be migrated")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The database is empty, and this role may not fill it.
    #[error(
        "the database has no tables; make them with `mailward db init`, or set store.owner_url to the role that owns it"
    )]
    NoSchema,
    /// The schema is older than this program, and this role may not change it.
    #[error(
        "the database has {applied} of the {known} migrations of this program; run `mailward db init` again, or start \
         one node with the owner's URL set"
    )]
    OldSchema {
        /// How many have run.
        applied: usize,
        /// How many there are.
        known: usize,
    },
    /// Somebody read for so long that what was deleted could not be overwritten yet. Try again.
    #[error("the database is busy")]
    Busy,
    /// A row holds what no code of ours wrote.
    #[error("row {row} of {table} is corrupt: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Its id.
        row: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Error {
    /// Names a bad row.
    pub(crate) fn corrupt(table: &'static str, row: &str, what: impl ToString) -> Self {
        Self::Corrupt { table, row: row.to_owned(), what: what.to_string() }
    }

    /// Whether another attempt of the same transaction may succeed: a deadlock or serialisation failure.
    pub fn is_retryable(&self) -> bool {
        // PostgreSQL's SQLSTATE 40001 and 40P01; SQLite has one writer and knows neither.
        self.code().is_some_and(|code| code == "40001" || code == "40P01")
    }

    /// Whether an fsync failed: the page cache may have dropped what was written, and asking again would lie.
    pub(crate) fn is_fsync_failure(&self) -> bool {
        // SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC.
        self.code().is_some_and(|code| code == "1034" || code == "1290")
    }

    /// Whether the disk or the database is full: SQLITE_FULL, PostgreSQL's disk_full and out_of_memory.
    pub fn is_full(&self) -> bool {
        self.code().is_some_and(|code| code == "13" || code == "53100" || code == "53200")
    }

    /// Whether a unique constraint stood in the way.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Unavailable(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    fn code(&self) -> Option<String> {
        match self {
            Self::Unavailable(sqlx::Error::Database(error)) => error.code().map(|code| code.into_owned()),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error)
    }
}
