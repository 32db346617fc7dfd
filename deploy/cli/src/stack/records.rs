//! What runs, kept on disk: the ledger from the first process on, `stack.json` once all is ready.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use crate::stack::{
    document::{self, Service, Stack},
    folder::StateFolder,
    ledger::{Kind, Ledger},
    process::Identity,
};

/// The two files and what is in them. Every change is on disk when its call returns.
#[derive(Debug)]
pub struct Records {
    ledger_file: PathBuf,
    stack_file: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    ledger: Ledger,
    stack: Stack,
    published: bool,
}

impl Records {
    /// Begins the records of a stack that this process supervises.
    ///
    /// # Errors
    /// When the state folder cannot be written to.
    pub fn begin(folder: &StateFolder, stack: Stack) -> io::Result<Self> {
        let ledger = Ledger::begin(&folder.ledger_file())?;
        Ok(Self {
            ledger_file: folder.ledger_file(),
            stack_file: folder.stack_file(),
            inner: Mutex::new(Inner { ledger, stack, published: false }),
        })
    }

    /// Notes that an instance of a service is part of the stack from now on.
    pub fn joined(&self, name: &str, service: Service) -> io::Result<()> {
        self.change(|inner| drop(inner.stack.services.insert(name.to_owned(), service)))
    }

    /// Notes that an instance is no part of it any more; its process has ended.
    pub fn left(&self, name: &str) -> io::Result<()> {
        self.change(|inner| drop(inner.stack.services.remove(name)))
    }

    /// Notes that a process started.
    pub fn started(&self, name: &str, kind: Kind, pid: u32, restarts: u32) -> io::Result<()> {
        self.change(|inner| {
            if let Some(identity) = Identity::of(pid) {
                inner.ledger.started(name, kind, identity);
            }
            for process in inner.stack.processes_mut(name) {
                process.pid = Some(pid);
                process.restarts = restarts;
            }
        })
    }

    /// Notes that a process ended, and how.
    pub fn ended(&self, name: &str, how: &str) -> io::Result<()> {
        self.change(|inner| {
            inner.ledger.ended(name);
            for process in inner.stack.processes_mut(name) {
                process.pid = None;
                process.last_exit = Some(how.to_owned());
            }
        })
    }

    /// The pid of a process that runs.
    pub fn pid(&self, name: &str) -> Option<u32> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut processes = inner.ledger.processes.iter();
        processes.find(|entry| entry.name == name).map(|entry| entry.identity.pid)
    }

    /// How a process ended when it ended last.
    pub fn last_exit(&self, name: &str) -> Option<String> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.stack.processes_mut(name).find_map(|process| process.last_exit.clone())
    }

    /// Everything is ready: from now on `stack.json` is there.
    pub fn publish(&self) -> io::Result<Stack> {
        self.change(|inner| inner.published = true)?;
        Ok(self.inner.lock().unwrap_or_else(PoisonError::into_inner).stack.clone())
    }

    /// It is about to be stopped: others must no longer count on it.
    pub fn withdraw(&self) -> io::Result<()> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).published = false;
        remove(&self.stack_file)
    }

    /// Everything has stopped: nothing runs here any more.
    pub fn end(&self) -> io::Result<()> {
        self.withdraw()?;
        remove(&self.ledger_file)
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) -> io::Result<()> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut inner);
        document::write(&self.ledger_file, &inner.ledger)?;
        if inner.published {
            document::write(&self.stack_file, &inner.stack)?;
        }
        Ok(())
    }
}

/// Removes a file, if it is there.
pub fn remove(path: &std::path::Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
