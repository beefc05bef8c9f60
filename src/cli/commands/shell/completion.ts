import { Argument, type Command, type Option } from "commander";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = typeof SHELLS[number];

const details = `
Prints a script for the shell, with which it completes commands, options and the
values of options, and files for all else. It has the commands of this version:
print it again after an update.

Examples:
  kymo completion bash > ~/.local/share/bash-completion/completions/kymo
  kymo completion zsh > ~/.zfunc/_kymo          with fpath+=(~/.zfunc)
  kymo completion fish > ~/.config/fish/completions/kymo.fish
  source <(kymo completion bash)                for this shell only`;

/** Adds `kymo completion SHELL` to the command line, which must have all commands when it runs. */
export function addCompletionCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program.command("completion")
    .description("Print a script that completes commands in a shell")
    .addArgument(new Argument("<SHELL>", "which one").choices(SHELLS))
    .addHelpText("after", details)
    .action((shell: Shell) => {
      context.stdout.write(writers[shell](program.commands.map(described)));
      end(exitCode.ok);
    });
}

/** What completion needs to know of a command, as its help has it. */
interface Described {
  readonly name: string;
  readonly about: string;
  readonly options: readonly DescribedOption[];
  /** The words that its first argument can be, if they are known. */
  readonly words: readonly string[];
}

interface DescribedOption {
  readonly long: string;
  readonly short: string | undefined;
  readonly about: string;
  /** The name of its value; `undefined` if it takes none. */
  readonly value: string | undefined;
  /** The values that it can have, if they are known. */
  readonly choices: readonly string[];
}

function described(command: Command, _: number, all: readonly Command[]): Described {
  const first = command.registeredArguments[0];
  return {
    name: command.name(),
    about: command.description(),
    options: [...command.options.map(describedOption), HELP],
    words: command.name() === "help" ? all.map((one) => one.name()) : first?.argChoices ?? [],
  };
}

const HELP: DescribedOption = { long: "--help", short: "-h", about: "print this help", value: undefined, choices: [] };

function describedOption({ long, short, description, required, optional, argChoices, flags }: Option): DescribedOption {
  return {
    long: long ?? short!,
    short: long === undefined ? undefined : short ?? undefined,
    about: description,
    value: required || optional ? /[<[](.*)[>\]]$/.exec(flags)?.[1] ?? "" : undefined,
    choices: argChoices ?? [],
  };
}

const flagsOf = ({ long, short }: DescribedOption): string[] => [...short === undefined ? [] : [short], long];

const writers: Readonly<Record<Shell, (commands: readonly Described[]) => string>> = {
  bash(commands) {
    const cases = commands.map(({ name, options, words }) => {
      const valued = options.filter(({ value }) => value !== undefined);
      const values = valued.map((option) => `        ${flagsOf(option).join("|")}) ${bashWords(option.choices)} ;;`);
      return `    ${name})
      case $before in
${values.join("\n")}
      esac
      options="${options.flatMap(flagsOf).join(" ")}"
      words="${words.join(" ")}" ;;`.replace(/ {6}case \$before in\n\n {6}esac\n/, "");
    });
    return `# Completion of kymo in bash.
_kymo() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} options= words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  if [ "\${word#-}" != "$word" ]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  fi
}
complete -o default -F _kymo kymo
`;
  },

  zsh(commands) {
    const cases = commands.map(({ name, options, words }) => {
      const lines = options.flatMap((option) => flagsOf(option).map((flag) => zshOption(flag, option)));
      const rest = words.length > 0 ? `'1:word:(${words.join(" ")})'` : "'*:file:_files'";
      return `    ${name}) _arguments ${[...lines, rest].join(" \\\n        ")} ;;`;
    });
    return `#compdef kymo
# Completion of kymo in zsh.
_kymo() {
  local -a commands
  commands=(
${commands.map(({ name, about }) => `    ${quoted(`${name}:${about.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _kymo ]; then _kymo "$@"; else compdef _kymo kymo; fi
`;
  },

  fish(commands) {
    const lines = commands.flatMap(({ name, about, options, words }) => [
      `complete -c kymo -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(about)}`,
      ...words.length === 0 ? [] : [`complete -c kymo -n ${seen(name)} -f -a ${fishQuoted(words.join(" "))}`],
      ...options.map((option) => fishOption(name, option)),
    ]);
    return `# Completion of kymo in fish.\n${lines.join("\n")}\n`;
  },
};

/** A statement that completes one of these words, or files if they are not known. */
function bashWords(words: readonly string[]): string {
  return words.length === 0 ? "return" : `COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$word")); return`;
}

function zshOption(flag: string, { about, value, choices }: DescribedOption): string {
  const what = about.replaceAll(/[[\]:\\]/g, "\\$&");
  const values = choices.length > 0 ? `(${choices.join(" ")})` : "_files";
  return quoted(`*${flag}[${what}]${value === undefined ? "" : `:${value.replaceAll(/[[\]:]/g, "")}:${values}`}`);
}

function fishOption(command: string, { long, short, about, value, choices }: DescribedOption): string {
  const names = [`-l ${long.replace(/^--/, "")}`, ...short === undefined ? [] : [`-s ${short.slice(1)}`]];
  const words = choices.length > 0 ? ` -x -a ${fishQuoted(choices.join(" "))}` : value === undefined ? "" : " -r";
  return `complete -c kymo -n ${seen(command)} ${names.join(" ")}${words} -d ${fishQuoted(about)}`;
}

function seen(command: string): string {
  return fishQuoted(`__fish_seen_subcommand_from ${command}`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
