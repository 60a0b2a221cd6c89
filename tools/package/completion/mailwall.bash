# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of mailwall(8) for bash. Commands, options and fixed words are
# asked of the program itself (mailwall help, mailwall help COMMAND), so they
# are those of its table. Source this file, or install it as
# share/bash-completion/completions/mailwall.

_mailwall_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_mailwall_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

# Policies and the folders that they may lie in.
_mailwall_policies()
{
	local name

	compopt -o filenames 2>/dev/null
	while IFS= read -r name; do
		[[ -d $name || $name == *.policy ]] && COMPREPLY+=("$name")
	done < <(compgen -f -- "$1")
	((${#COMPREPLY[@]})) || _mailwall_files "$1"
}

_mailwall_commands()
{
	local line word

	while IFS= read -r line; do
		[[ $line == "  "* ]] || continue
		read -r word _ <<<"$line"
		echo "$word"
	done < <("$1" help 2>/dev/null)
}

# The line "usage: mailwall check FILE... [-s|--strict] [-D NAME=VALUE]", a
# line each: ": FILE", "-s", "--strict", "-D NAME=VALUE". What begins with ":"
# is no option.
_mailwall_usage()
{
	local line word i names=()
	local -a words

	read -r line < <("$1" help "$2" 2>/dev/null)
	line=${line#usage: * "$2"}
	read -ra words <<<"${line//[][]/ }"
	for ((i = 0; i < ${#words[@]}; i++)); do
		word=${words[i]%...}
		[[ $word && $word != "|" ]] || continue
		if [[ $word != -* ]]; then
			echo ": $word"
			continue
		fi
		IFS='|' read -ra names <<<"$word"
		word=${words[i + 1]}
		[[ $word == [-\|.]* ]] && word=
		[[ $word ]] && ((i++))
		printf "%s${word:+ $word}\n" "${names[@]}"
	done
	[[ $2 == help || $2 == version ]] || printf '%s\n' -h --help
}

# One word for both forms of an option: the long one.
_mailwall_long()
{
	local line before=

	while IFS= read -r line; do
		[[ $before == "$1" && $line == --* && ${#1} == 2 ]] &&
			set -- "${line%% *}"
		before=${line%% *}
	done <<<"$2"
	echo "$1"
}

# $1 option, $2 what its value is called, $3 what is typed of it
_mailwall_value()
{
	case $1:$2 in
	*:*[a-z]"|"*)	   _mailwall_words "${2//|/ }" "$3" ;;
	--policy:*)	   _mailwall_policies "$3" ;;
	*:FILE | *:OUT | *:FOLDER | *:KEY)
			   _mailwall_files "$3" ;;
	--interface:* | --incoming:*)
		_mailwall_words "$(cd /sys/class/net 2>/dev/null && echo *)" \
			"$3" ;;
	--user:*)	   mapfile -t COMPREPLY < <(compgen -u -- "$3") ;;
	--class:*)	   _mailwall_words "exempt flagged" "$3" ;;
	--for:*)	   _mailwall_words "1h 24h 7d 30d" "$3" ;;
	--every:*)	   _mailwall_words "10s 60s 5m" "$3" ;;
	--keep:*)	   _mailwall_words "30d 90d 180d 365d" "$3" ;;
	--max:*)	   _mailwall_words "512M 2G 8G" "$3" ;;
	--memory:*)	   _mailwall_words "64M 256M 1G 4G" "$3" ;;
	--since:TIME | --until:TIME)
		_mailwall_words "1d 7d 30d 90d now today yesterday" "$3" ;;
	--http:*)	   _mailwall_words "127.0.0.1:9525" "$3" ;;
	--lang:*)	   _mailwall_words "en es pt_BR" "$3" ;;
	--port:*)
		_mailwall_words "25 110 143 465 587 993 995 2525" "$3" ;;
	esac
}

# $1 command, $2 what its arguments are called, $3 what is typed, $4 words
_mailwall_argument()
{
	case $1:$2 in
	*:*[a-z]"|"*) (($4 == 2)) && _mailwall_words "${2//|/ }" "$3" ;;
	*:COMMAND)    (($4 == 2)) &&
			_mailwall_words "$(_mailwall_commands "$program")" "$3" ;;
	replay:* | import:*) _mailwall_files "$3" ;;
	*:FILE | *:POLICY)   _mailwall_policies "$3" ;;
	esac
}

_mailwall()
{
	local program=${COMP_WORDS[0]}
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]}
	local usage line

	COMPREPLY=()
	program=${program/#\~/$HOME}
	type -P "$program" >/dev/null || program=/usr/sbin/mailwall
	if ((COMP_CWORD == 1)); then
		_mailwall_words "$(_mailwall_commands "$program")" "$current"
		return
	fi
	usage=$(_mailwall_usage "$program" "$command")
	while IFS= read -r line; do
		if [[ $line == -*" "* && ${line%% *} == "$previous" ]]; then
			_mailwall_value "$(_mailwall_long "$previous" "$usage")" \
				"${line#* }" "$current"
			return
		fi
	done <<<"$usage"
	if [[ $current == -* ]]; then
		_mailwall_words "$(sed '/^:/d; s/ .*//' <<<"$usage")" "$current"
		return
	fi
	line=$(sed -n '/^: /{s///p;q;}' <<<"$usage")
	[[ -z $line ]] ||
		_mailwall_argument "$command" "$line" "$current" "$COMP_CWORD"
}

complete -F _mailwall mailwall
