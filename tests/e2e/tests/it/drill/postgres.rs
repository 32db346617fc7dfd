//! A copy of the database server while it runs, by Postgres' own protocol for that, and back. The
//! programs that would do so are not among those of the local stack.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use consumer_runtime::Server;
use serde_json::Value;
use testkit::Installation;

pub struct Postgres {
    data: PathBuf,
    copy: PathBuf,
}

fn copy(from: &Path, to: &Path) {
    // Files may come and go meanwhile: what is missing, the log brings.
    Command::new("cp").arg("-a").arg(from).arg(to).output().unwrap();
}

impl Postgres {
    pub async fn copy(installation: &Installation, to: &Path) -> Self {
        let layout = fs::read(installation.state().join("layout.json")).unwrap();
        let layout: Value = serde_json::from_slice(&layout).unwrap();
        let text = |pointer| layout.pointer(pointer).and_then(Value::as_str).unwrap();
        let data = Path::new(text("/postgres/dir")).join("data");
        let (_, server) = installation.database_url.rsplit_once('@').unwrap();
        let (address, _) = server.split_once('/').unwrap();
        let password = text("/postgres/password");
        let url = format!("postgres://postgres:{password}@{address}/postgres");
        let client = url.parse::<Server>().unwrap().connect().await.unwrap();
        client.execute("select pg_backup_start('drill', true)", &[]).await.unwrap();
        copy(&data, to);
        let row = client.query_one("select labelfile from pg_backup_stop(false)", &[]).await;
        let label: String = row.unwrap().get(0);
        copy(&data.join("pg_wal/."), &to.join("pg_wal"));
        fs::write(to.join("backup_label"), label).unwrap();
        for own in ["postmaster.pid", "postmaster.opts"] {
            fs::remove_file(to.join(own)).unwrap();
        }
        // Whoever may read the one may read the other.
        let owner = format!("--reference={}", data.display());
        let status = Command::new("chown").arg(owner).arg(to.join("backup_label")).status();
        assert!(status.unwrap().success());
        Self { data, copy: to.to_owned() }
    }

    /// The server is stopped.
    pub fn restore(&self) {
        fs::remove_dir_all(&self.data).unwrap();
        copy(&self.copy, &self.data);
    }
}
