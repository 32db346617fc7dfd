//! All documents as files of the repository, and how they differ from those that are there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    asyncapi::asyncapi,
    catalogue::catalogue,
    input::Input,
    markdown::{self, markdown},
};

/// The AsyncAPI document, in the repository.
pub const ASYNCAPI: &str = "docs/asyncapi.json";

/// The data of the web page's catalogue, in the repository.
pub const CATALOGUE: &str = "consumers/web-ui/app/src/lib/operate/catalogue.json";

/// How a file differs from its document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drift {
    /// It is not there.
    Missing(PathBuf),
    /// It is another text.
    Outdated(PathBuf),
    /// It is there, but there is no such document any more.
    Left(PathBuf),
}

/// Every document, by its path in the repository.
#[must_use]
pub fn documents(input: &Input) -> BTreeMap<PathBuf, String> {
    let mut documents = markdown(input);
    documents.insert(ASYNCAPI.into(), format!("{:#}\n", asyncapi(input)));
    documents.insert(CATALOGUE.into(), format!("{}\n", catalogue(input)));
    documents
}

/// How the files below the root of a repository differ from the documents.
///
/// # Errors
/// When one cannot be read.
pub fn drift(root: &Path, documents: &BTreeMap<PathBuf, String>) -> io::Result<BTreeSet<Drift>> {
    let mut drift = BTreeSet::new();
    for (path, text) in documents {
        match fs::read(root.join(path)) {
            Ok(bytes) if bytes == text.as_bytes() => {}
            Ok(_) => drop(drift.insert(Drift::Outdated(path.clone()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                drift.insert(Drift::Missing(path.clone()));
            }
            Err(error) => return Err(error),
        }
    }
    let there = pages(root, Path::new(markdown::FOLDER))?;
    let left = there.into_iter().filter(|path| !documents.contains_key(path));
    drift.extend(left.map(Drift::Left));
    Ok(drift)
}

/// Makes the files below the root of a repository those of the documents, and says what it did.
///
/// # Errors
/// When one cannot be written or removed.
pub fn write(root: &Path, documents: &BTreeMap<PathBuf, String>) -> io::Result<BTreeSet<Drift>> {
    let drift = drift(root, documents)?;
    for one in &drift {
        match one {
            Drift::Left(path) => fs::remove_file(root.join(path))?,
            Drift::Missing(path) | Drift::Outdated(path) => {
                let file = root.join(path);
                fs::create_dir_all(file.parent().unwrap_or(root))?;
                fs::write(file, documents.get(path).map_or("", String::as_str))?;
            }
        }
    }
    Ok(drift)
}

/// The files of a folder and of those below it, by their paths in the repository.
fn pages(root: &Path, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            found.extend(pages(root, &path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
