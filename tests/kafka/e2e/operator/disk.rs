//! A small file system of its own, so that a disk can be filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A small file system; unmounted when dropped.
pub(in super::super) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` if it cannot be mounted.
    pub(in super::super) fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).expect("a directory");
        let disk = Self(at.to_owned());
        disk.run("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "sheaf"]).then_some(disk)
    }

    /// Enlarges it.
    pub(in super::super) fn grow(&self, size: &str) {
        assert!(self.run("mount", &["-o", &format!("remount,size={size}")]), "remounted");
    }

    fn run(&self, program: &str, options: &[&str]) -> bool {
        let mut command = Command::new(program);
        let status = command.args(options).arg(&self.0).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.run("umount", &["-l"]);
    }
}
