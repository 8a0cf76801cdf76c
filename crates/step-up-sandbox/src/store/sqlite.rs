//! A store in a SQLite file: one table, one connection, a write-ahead log.
//!
//! A commit is in the log, and with it in the hands of the operating system, before it is acknowledged. So the end of the
//! process takes nothing that was acknowledged; a power cut may take the last moments, and never half a commit
//! ([SQLite, "Write-Ahead Logging"](https://www.sqlite.org/wal.html#performance_considerations)).
//!
//! The connection holds the file's lock for as long as it is open
//! ([`locking_mode=EXCLUSIVE`](https://www.sqlite.org/pragma.html#pragma_locking_mode)): a second server on the same file
//! would answer from keys and counters that the first has moved on from. The system gives the lock back when the process
//! ends, however it ends.
//!
//! So what is in the file is also held in memory, and read there: a request reads seven times and more, and mostly commits
//! nothing.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde_json::Value;

use super::{Change, MemoryStore, Store, StoreError};

/// Marks the file as ours, in its header.
const APPLICATION_ID: i64 = i64::from_be_bytes(*b"\0\0\0\0step");

/// The layout that this version writes, as the file's `user_version`; 0 is a file without any.
///
/// In layout 1, `nonces` held the nonces that were given out, and `sends` lists that no queue forgets. Programs that know
/// only layout 1 would read the used nonces as good ones.
const LAYOUT: i64 = 2;

/// Makes a file of layout 1 one of layout 2: nonces that were given out are void, also those that a key was made for in the
/// meantime, and sends of the last hour are not counted.
const UPGRADE: &str = "DELETE FROM entries WHERE collection IN ('nonces', 'nonceKey', 'sends')";

const CREATE: &str = "
    CREATE TABLE entries (
        collection TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (collection, key)
    ) STRICT, WITHOUT ROWID;
";

const ALL: &str = "SELECT collection, key, value FROM entries";
const PUT: &str = "
    INSERT INTO entries (collection, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value
";
const DELETE: &str = "DELETE FROM entries WHERE collection = ?1 AND key = ?2";

/// How long another program may take to let go of the file: one that is being restarted needs a moment.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps everything in a SQLite database: in a file, where it outlives the program, or in memory.
///
/// ```
/// use step_up_sandbox::{Config, Sandbox, Seed, SqliteStore};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sandbox.sqlite");
/// let sandbox = Sandbox::new(Config::default(), SqliteStore::open(&path)?, Seed::new(1))?;
/// assert!(!sandbox.store().is_empty()?, "the key that signs tokens is kept");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    /// What the database holds: nobody else can change it.
    entries: MemoryStore,
}

impl SqliteStore {
    /// The store in the file at `path`, which is made, readable for its owner only, when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] where another program, or another store of this one, has the file open;
    /// [`StoreError::Newer`] where a later version wrote it; [`StoreError::Failed`] where it cannot be opened or is not
    /// a sandbox's. None of these changes what is in the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = made(path.as_ref()).map_err(|error| StoreError::Failed { why: error.to_string() })?;
        // No URIs: a path is a path. The store is behind a lock of its own wherever it is shared.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        Self::start(connection, "wal")
    }

    /// A store that ends with the program.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] where SQLite has no memory.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        Self::start(Connection::open_in_memory().map_err(failed)?, "memory")
    }

    /// Whether nothing was ever kept in it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] where the store cannot be read.
    pub fn is_empty(&self) -> Result<bool, StoreError> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM entries)";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(failed)
    }

    fn start(mut connection: Connection, journal: &str) -> Result<Self, StoreError> {
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        set(&connection, "locking_mode", "exclusive", "exclusive")?;
        let layout = layout_of(&connection)?;
        set(&connection, "journal_mode", "wal", journal)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
        match layout {
            0 => create(&mut connection)?,
            LAYOUT => {}
            _ => upgrade(&mut connection)?,
        }
        let entries = all(&connection)?;
        Ok(Self { connection, entries })
    }
}

/// The absolute path of a file that is there. Opened by SQLite, a new one could be read by everybody.
fn made(path: &Path) -> io::Result<PathBuf> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => {}
        // It is not opened here: closing it would give back the locks that this process may hold on it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    fs::canonicalize(path)
}

/// Sets what SQLite may refuse to, and answers with what it is set to then.
fn set(connection: &Connection, name: &str, wanted: &str, expected: &str) -> Result<(), StoreError> {
    let became: String =
        connection.pragma_update_and_check(None, name, wanted, |row| row.get(0)).map_err(failed)?;
    if became != expected {
        return Err(StoreError::Failed { why: format!("{name} is {became} instead of {expected}") });
    }
    Ok(())
}

/// The layout of the file, if it is one that this version can use.
fn layout_of(connection: &Connection) -> Result<i64, StoreError> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(failed);
    let application = number("PRAGMA application_id")?;
    let layout = number("PRAGMA user_version")?;
    let is_blank = application == 0 && layout == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0;
    if is_blank {
        return Ok(0);
    }
    if application != APPLICATION_ID || layout < 1 {
        return Err(StoreError::Failed { why: "it is the database of another program".into() });
    }
    if layout > LAYOUT {
        return Err(StoreError::Newer { layout, known: LAYOUT });
    }
    Ok(layout)
}

fn create(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction().map_err(failed)?;
    transaction.execute_batch(CREATE).map_err(failed)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", LAYOUT).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn upgrade(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction().map_err(failed)?;
    transaction.execute_batch(UPGRADE).map_err(failed)?;
    transaction.pragma_update(None, "user_version", LAYOUT).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn all(connection: &Connection) -> Result<MemoryStore, StoreError> {
    let mut statement = connection.prepare(ALL).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let text = |index: usize| row.get::<_, String>(index).map_err(failed);
        let (collection, key, value) = (text(0)?, text(1)?, text(2)?);
        let Ok(value) = serde_json::from_str(&value) else { return Err(StoreError::Corrupt { collection }) };
        entries.push(Change { collection, key, value: Some(value) });
    }
    let mut store = MemoryStore::new();
    store.commit(entries)?;
    Ok(store)
}

impl Store for SqliteStore {
    fn get(&self, collection: &str, key: &str) -> Result<Option<Value>, StoreError> {
        self.entries.get(collection, key)
    }

    fn list(&self, collection: &str, prefix: &str) -> Result<Vec<(String, Value)>, StoreError> {
        self.entries.list(collection, prefix)
    }

    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction().map_err(failed)?;
        apply(&transaction, &changes).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        self.entries.commit(changes)
    }
}

fn apply(connection: &Connection, changes: &[Change]) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached(PUT)?;
    let mut delete = connection.prepare_cached(DELETE)?;
    for Change { collection, key, value } in changes {
        match value {
            Some(value) => put.execute((collection, key, text(value)?))?,
            None => delete.execute((collection, key))?,
        };
    }
    Ok(())
}

/// The value as text that can be read again, which what is nested too deeply cannot.
fn text(value: &Value) -> rusqlite::Result<String> {
    if is_deeper_than(value, DEEPEST) {
        let error = format!("a value is nested more than {DEEPEST} levels deep");
        return Err(rusqlite::Error::ToSqlConversionFailure(error.into()));
    }
    Ok(value.to_string())
}

/// How many arrays and objects may be in each other. `serde_json` reads one less than 128.
const DEEPEST: usize = 100;

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    let is_too_deep = |inner: &Value| is_deeper_than(inner, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(is_too_deep),
        Value::Object(members) => levels == 0 || members.values().any(is_too_deep),
        _ => false,
    }
}

fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse,
        _ => StoreError::Failed { why: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use proptest::{collection::vec, prelude::*};
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;
    use crate::store::{MemoryStore, conformance};

    /// A folder that goes with the test, and where in it the store is.
    fn place() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.sqlite");
        (folder, path)
    }

    fn put(key: &str, value: Value) -> Change {
        Change { collection: "c".into(), key: key.into(), value: Some(value) }
    }

    /// The error of a file that cannot be opened, which must be left as it was.
    fn refused(path: &Path) -> StoreError {
        let before = fs::read(path).unwrap();
        let error = SqliteStore::open(path).unwrap_err();
        assert_eq!(fs::read(path).unwrap(), before, "{error}");
        error
    }

    #[test]
    fn keeps_the_contract_in_memory_and_in_a_file() {
        let (_folder, path) = place();
        conformance::check(&mut SqliteStore::open_in_memory().unwrap());
        conformance::check(&mut SqliteStore::open(path).unwrap());
    }

    #[test]
    fn keeps_the_contract_over_a_store_that_was_opened_again_after_every_call() {
        /// Opens the file for every call.
        struct Reopened(PathBuf);

        impl Store for Reopened {
            fn get(&self, collection: &str, key: &str) -> Result<Option<Value>, StoreError> {
                SqliteStore::open(&self.0)?.get(collection, key)
            }

            fn list(&self, collection: &str, prefix: &str) -> Result<Vec<(String, Value)>, StoreError> {
                SqliteStore::open(&self.0)?.list(collection, prefix)
            }

            fn commit(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
                SqliteStore::open(&self.0)?.commit(changes)
            }
        }

        let (_folder, path) = place();
        conformance::check(&mut Reopened(path));
    }

    #[test]
    fn is_empty_until_the_first_commit() {
        let (_folder, path) = place();
        let mut store = SqliteStore::open(&path).unwrap();
        assert!(store.is_empty().unwrap());
        store.commit(vec![put("k", json!(1))]).unwrap();
        drop(store);
        assert!(!SqliteStore::open(&path).unwrap().is_empty().unwrap());
    }

    #[test]
    fn commits_are_logged_ahead_and_synced_at_checkpoints() {
        let (_folder, path) = place();
        let store = SqliteStore::open(path).unwrap();
        let pragma = |name: &str| -> String {
            let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            store.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        assert_eq!([pragma("journal_mode"), pragma("synchronous")], ["wal", "1"]);
    }

    #[test]
    fn a_second_store_on_the_same_file_is_refused_while_the_first_is_open() {
        let (_folder, path) = place();
        let mut first = SqliteStore::open(&path).unwrap();
        assert_eq!(SqliteStore::open(&path).unwrap_err(), StoreError::InUse);
        first.commit(vec![put("k", json!(1))]).unwrap();
        assert_eq!(SqliteStore::open(&path).unwrap_err().to_string(), "another program is using it");
        drop(first);
        assert_eq!(SqliteStore::open(&path).unwrap().get("c", "k"), Ok(Some(json!(1))));
    }

    #[test]
    fn of_several_that_make_the_file_at_once_at_most_one_gets_it() {
        let (_folder, path) = place();
        let start = Barrier::new(4);
        let opened: Vec<_> = thread::scope(|scope| {
            let open = || {
                start.wait();
                SqliteStore::open(&path)
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(opened.iter().filter(|store| store.is_ok()).count() <= 1);
        for error in opened.iter().filter_map(|store| store.as_ref().err()) {
            assert_eq!(*error, StoreError::InUse);
        }
        drop(opened);
        conformance::check(&mut SqliteStore::open(&path).unwrap());
    }

    #[test]
    fn a_file_of_layout_1_loses_what_has_another_meaning_now_and_keeps_the_rest() {
        let (_folder, path) = place();
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(CREATE).unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        for (collection, key, value) in [
            ("nonces", "0123", "1795514400000"),
            ("nonceKey", "key", "{}"),
            ("sends", "ada@example.com", "[1795514400000]"),
            ("accounts", "a", "{\"id\":\"a\"}"),
        ] {
            connection.execute(PUT, (collection, key, value)).unwrap();
        }
        connection.close().unwrap();

        for _ in 0..2 {
            let mut store = SqliteStore::open(&path).unwrap();
            assert_eq!(store.list("nonces", ""), Ok(Vec::new()));
            assert_eq!(store.list("nonceKey", ""), Ok(Vec::new()));
            assert_eq!(store.list("accounts", ""), Ok(vec![("a".into(), json!({ "id": "a" }))]));
            // What is written from now on is kept.
            if store.list("sends", "").unwrap().is_empty() {
                let sends = Change { collection: "sends".into(), key: "b".into(), value: Some(json!([2])) };
                store.commit(vec![sends]).unwrap();
            }
        }
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.list("sends", ""), Ok(vec![("b".into(), json!([2]))]));
        assert_eq!(layout_of(&store.connection), Ok(2));
    }

    #[test]
    fn a_file_that_a_newer_version_wrote_is_said_to_be() {
        let (_folder, path) = place();
        let store = SqliteStore::open(&path).unwrap();
        store.connection.pragma_update(None, "user_version", LAYOUT + 1).unwrap();
        drop(store);
        let error = refused(&path);
        assert_eq!(error, StoreError::Newer { layout: LAYOUT + 1, known: LAYOUT });
        assert_eq!(
            error.to_string(),
            "it was written by a newer version: its layout is 3, and this version knows 2"
        );
    }

    #[test]
    fn what_is_no_store_of_ours_is_refused_and_left_alone() {
        let (folder, path) = place();
        let why = |error: StoreError| match error {
            StoreError::Failed { why } => why,
            other => panic!("{other}"),
        };
        let other = Connection::open(&path).unwrap();
        other.execute_batch("CREATE TABLE entries (x)").unwrap();
        drop(other);
        assert_eq!(why(refused(&path)), "it is the database of another program");

        let text = folder.path().join("notes.txt");
        fs::write(&text, "Dear diary, ".repeat(100)).unwrap();
        assert_eq!(why(refused(&text)), "file is not a database");

        for path in [folder.path().join("missing/sandbox.sqlite"), PathBuf::new()] {
            assert!(why(SqliteStore::open(&path).unwrap_err()).starts_with("No such file"), "{path:?}");
        }
        assert!(SqliteStore::open(folder.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_path_is_a_path_whatever_it_looks_like() {
        let (folder, _) = place();
        for name in [":memory:", "file:x?mode=memory", "a b%20c'\u{fc}"] {
            let path = folder.path().join(name);
            SqliteStore::open(&path).unwrap().commit(vec![put("k", json!(name))]).unwrap();
            assert_eq!(SqliteStore::open(&path).unwrap().get("c", "k"), Ok(Some(json!(name))));
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, path) = place();
        let mut store = SqliteStore::open(&path).unwrap();
        store.commit(vec![put("k", json!(1))]).unwrap();
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 2, "the database and its log");
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        }
    }

    #[test]
    fn a_value_that_is_no_json_is_corrupt_and_not_shown() {
        let (_folder, path) = place();
        let mut store = SqliteStore::open(&path).unwrap();
        store.commit(vec![put("k", json!(1))]).unwrap();
        store.connection.execute("UPDATE entries SET value = 'secret'", []).unwrap();
        drop(store);
        let error = refused(&path);
        assert_eq!(error, StoreError::Corrupt { collection: "c".into() });
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn what_could_not_be_read_again_is_not_kept() {
        let nested = |levels: usize| {
            (0..levels)
                .fold(json!(1), |it, level| if level % 2 == 0 { json!([it]) } else { json!({ "a": it }) })
        };
        let (_folder, path) = place();
        let mut store = SqliteStore::open(&path).unwrap();
        store.commit(vec![put("k", nested(DEEPEST))]).unwrap();
        let error = store.commit(vec![put("k", nested(DEEPEST + 1))]).unwrap_err();
        assert_eq!(error, StoreError::Failed { why: "a value is nested more than 100 levels deep".into() });
        drop(store);
        assert_eq!(SqliteStore::open(&path).unwrap().get("c", "k"), Ok(Some(nested(DEEPEST))));
    }

    #[test]
    fn a_commit_that_fails_halfway_changes_nothing() {
        let (_folder, path) = place();
        let mut store = SqliteStore::open(&path).unwrap();
        store.commit(vec![put("a", json!(1))]).unwrap();
        let trigger = "CREATE TRIGGER full BEFORE INSERT ON entries WHEN NEW.key = 'full' \
                       BEGIN SELECT RAISE(ABORT, 'no room'); END";
        store.connection.execute_batch(trigger).unwrap();
        let error = store.commit(vec![put("a", json!(2)), put("full", json!(2))]).unwrap_err();
        assert_eq!(error, StoreError::Failed { why: "no room".into() });
        assert_eq!(store.list("c", ""), Ok(vec![("a".into(), json!(1))]));
        store.commit(vec![put("b", json!(3)), put("full", json!(3))]).unwrap_err();
        store.commit(vec![put("c", json!(4))]).unwrap();
        drop(store);
        let entries = SqliteStore::open(&path).unwrap().list("c", "");
        assert_eq!(entries, Ok(vec![("a".into(), json!(1)), ("c".into(), json!(4))]));
    }

    /// What a power cut can do to the log: every cut, and a byte changed anywhere, leaves the commits up to some moment,
    /// whole, and a store that goes on.
    #[test]
    fn a_torn_log_leaves_whole_commits() {
        const COMMITS: u32 = 8;
        let (folder, path) = place();
        let mut store = SqliteStore::open(&path).unwrap();
        for number in 1..=COMMITS {
            // Several pages.
            let text = format!("{number}").repeat(9000);
            store
                .commit(vec![put("a", json!(number)), put("b", json!(text)), put("z", json!(number))])
                .unwrap();
        }
        let log_of = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
        // Read while the store is open, as a crash would leave them.
        let (database, log) = (fs::read(&path).unwrap(), fs::read(log_of(&path)).unwrap());
        drop(store);
        assert!(log.len() > 20 * 4096);

        let after = |log: &[u8]| {
            let copy = folder.path().join("copy.sqlite");
            fs::write(&copy, &database).unwrap();
            fs::write(log_of(&copy), log).unwrap();
            let mut store = SqliteStore::open(&copy).unwrap();
            let entries = store.list("c", "").unwrap();
            store.commit(vec![put("a", json!("goes on"))]).unwrap();
            drop(store);
            assert_eq!(SqliteStore::open(&copy).unwrap().get("c", "a"), Ok(Some(json!("goes on"))));
            match entries.as_slice() {
                [] => 0,
                [(_, a), (_, b), (_, z)] => {
                    let number = a.as_u64().unwrap();
                    assert_eq!((z, b), (&json!(number), &json!(format!("{number}").repeat(9000))));
                    number
                }
                entries => panic!("half a commit: {} entries", entries.len()),
            }
        };
        assert_eq!(after(&log), u64::from(COMMITS), "a whole log has every commit");
        assert_eq!(
            after(&[log.as_slice(), &[0xff; 5000]].concat()),
            u64::from(COMMITS),
            "what was begun is no commit"
        );
        let mut kept = Vec::new();
        for length in (0..log.len()).step_by(1999) {
            kept.push(after(&log[..length]));
        }
        assert!(kept.is_sorted() && kept[0] == 0, "{kept:?}");
        kept.dedup();
        assert_eq!(kept, (0..u64::from(COMMITS)).collect::<Vec<_>>());
        for position in (0..log.len()).step_by(4999) {
            let mut log = log.clone();
            log[position] ^= 0xff;
            after(&log);
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 16, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::from),
                vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Few different ones, so that they meet, and some that are odd.
    fn key() -> impl Strategy<Value = String> {
        prop_oneof![3 => "[ab/]{0,3}", 1 => "[\u{0}%_'\u{7f}\u{80}\u{ff}\u{d7ff}\u{e000}\u{ffff}\u{10ffff}]{0,2}", 1 => any::<String>()]
    }

    fn change() -> impl Strategy<Value = Change> {
        ("[cd]", key(), prop::option::weighted(0.7, json_value()))
            .prop_map(|(collection, key, value)| Change { collection, key, value })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_commits_leave_what_they_leave_in_memory(
            commits in vec(vec(change(), 0..6), 0..12),
            prefixes in vec(key(), 1..6),
            is_reopened in any::<bool>(),
        ) {
            let (_folder, path) = place();
            let mut memory = MemoryStore::new();
            let mut sqlite = SqliteStore::open(&path).unwrap();
            for changes in commits {
                let keys: Vec<_> = changes.iter().map(|it| (it.collection.clone(), it.key.clone())).collect();
                prop_assert_eq!(sqlite.commit(changes.clone()), Ok(()));
                prop_assert_eq!(memory.commit(changes), Ok(()));
                if is_reopened {
                    drop(sqlite);
                    sqlite = SqliteStore::open(&path).unwrap();
                }
                for (collection, key) in keys {
                    prop_assert_eq!(sqlite.get(&collection, &key), memory.get(&collection, &key));
                }
                for prefix in prefixes.iter().map(String::as_str).chain([""]) {
                    prop_assert_eq!(sqlite.list("c", prefix), memory.list("c", prefix));
                    prop_assert_eq!(sqlite.list("d", prefix), memory.list("d", prefix));
                }
            }
            drop(sqlite);
            let again = SqliteStore::open(&path).unwrap();
            prop_assert_eq!(again.list("c", ""), memory.list("c", ""));
            prop_assert_eq!(again.list("d", ""), memory.list("d", ""));
        }
    }
}
