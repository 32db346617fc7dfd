//! Who runs Postgres. It refuses to run as root, so root hands it to another account, and puts its
//! files where that account can reach them.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use nix::unistd::{Gid, Uid, User, chown};
use uuid::Uuid;

use crate::failure::{Failure, Result};

/// The account that has no rights of its own anywhere.
const NAME: &str = "nobody";

/// Where root keeps what another account has to reach, in order of preference.
const SHARED: [&str; 2] = ["/var/lib/oneway", "/var/tmp/oneway"];

/// An account to run a process under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// The account for Postgres; none when it is our own.
    pub fn for_postgres() -> Result<Option<Self>> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        let user = User::from_name(NAME).context("cannot look up the account nobody")?;
        let user = user.ok_or_else(|| {
            Failure::setup(
                "Postgres does not run as root, and there is no account nobody to run it under: \
                 start this as another user, or set DATABASE_URL to an existing server",
            )
        })?;
        Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }

    /// Makes it the owner of a file or folder.
    pub fn own(self, path: &Path) -> io::Result<()> {
        chown(path, Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)))
            .map_err(Into::into)
    }
}

/// A folder for Postgres that the account can reach: the preferred one, else one that belongs to
/// the same state folder in a place for all.
pub fn reachable_folder(preferred: &Path, state: &Path) -> Result<PathBuf> {
    if preferred.parent().is_some_and(is_reachable) {
        return Ok(preferred.to_owned());
    }
    let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, state.as_os_str().as_encoded_bytes());
    for base in SHARED.map(Path::new) {
        if make_shared(base).is_ok() && is_reachable(base) {
            return Ok(base.join(name.simple().to_string()));
        }
    }
    Err(Failure::setup(format!(
        "Postgres runs as {NAME}, which can reach neither {} nor {}: choose another folder with \
         --state, or set DATABASE_URL to an existing server",
        state.display(),
        SHARED.join(" nor ")
    )))
}

/// Whether every account can enter a folder: it, and all above it, must let others through.
pub fn is_reachable(folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let modes = folder.ancestors().map(|part| fs::metadata(part).map(|found| found.mode()));
    lets_others_through(modes)
}

fn lets_others_through(modes: impl Iterator<Item = io::Result<u32>>) -> bool {
    modes.into_iter().all(|mode| mode.is_ok_and(|mode| mode & 0o001 != 0))
}

/// Makes a folder of root's that others may enter. One that somebody else prepared is refused.
fn make_shared(base: &Path) -> io::Result<()> {
    match fs::create_dir(base) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(base)?;
    if !found.is_dir() || found.uid() != Uid::effective().as_raw() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    fs::set_permissions(base, fs::Permissions::from_mode(0o755))
}

/// Removes the places for all that have become empty.
pub fn tidy_shared() {
    for base in SHARED {
        // Fails where there is none, or others are in it: both are fine.
        let _ = fs::remove_dir(base);
    }
}

/// Copies a tree of folders, files and links; every account may read and enter the copy.
pub fn copy_readable(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_readable(&source, &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else {
            fs::copy(&source, &target)?;
            let executable = entry.metadata()?.mode() & 0o100 != 0;
            let mode = if executable { 0o755 } else { 0o644 };
            fs::set_permissions(&target, fs::Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_closed_folder_closes_all_below_it() {
        let through = |modes: &[u32]| lets_others_through(modes.iter().map(|mode| Ok(*mode)));
        assert!(through(&[0o755, 0o711, 0o755]));
        assert!(!through(&[0o755, 0o700, 0o755]));
        assert!(!lets_others_through([Ok(0o755), Err(io::ErrorKind::NotFound.into())].into_iter()));
    }

    #[test]
    fn real_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!is_reachable(folder.path()));
        assert!(!is_reachable(&folder.path().join("missing")));
    }

    #[test]
    fn copies_are_readable_for_all() {
        let base = tempfile::tempdir().unwrap();
        let from = base.path().join("from");
        fs::create_dir_all(from.join("bin")).unwrap();
        fs::write(from.join("bin/run"), "x").unwrap();
        fs::set_permissions(from.join("bin/run"), fs::Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::symlink("run", from.join("bin/link")).unwrap();
        let to = base.path().join("to");
        copy_readable(&from, &to).unwrap();
        assert_eq!(fs::metadata(to.join("bin/run")).unwrap().mode() & 0o777, 0o755);
        assert_eq!(fs::read_link(to.join("bin/link")).unwrap(), Path::new("run"));
    }
}
