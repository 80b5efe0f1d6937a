//! `sheaf completions` and `sheaf man`, from the definitions of the commands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap_complete::Shell;

use crate::cli::exit::Failure;
use crate::cli::output::print_stdout;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf completions bash > /etc/bash_completion.d/sheaf
  sheaf completions zsh > ~/.zfunc/_sheaf
  sheaf completions fish > ~/.config/fish/completions/sheaf.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

/// Print the manual page, or write those of all commands
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  sheaf man | man -l -
  sheaf man --dir /usr/local/share/man/man1")]
pub(super) struct Man {
    /// Write a page for each command to this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn completions(args: &Completions, mut command: clap::Command) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "sheaf", &mut text);
    print_stdout(String::from_utf8_lossy(&text).trim_end());
    ExitCode::SUCCESS
}

pub(super) fn man(args: &Man, command: clap::Command) -> Result<ExitCode, Failure> {
    if let Some(dir) = &args.dir {
        std::fs::create_dir_all(dir)?;
        clap_mangen::generate_to(command, dir)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    print_stdout(String::from_utf8_lossy(&text).trim_end());
    Ok(ExitCode::SUCCESS)
}
