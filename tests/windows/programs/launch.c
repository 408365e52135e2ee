// Starts one process the way CreateProcess has it: a command line to the unit, an environment block, all 32 bits of the exit
// code. What to do stands in a file of UTF-16 strings, each ended by a NUL:
//
//     line=COMMAND LINE       started as it is, with this process's standard handles
//     directory=PATH          its working directory
//     variable=NAME=VALUE     put into the block in place of this process's variable of that name
//     without=NAME            left out of the block
//     restricted=             started without the rights of an administrator
//     console=                with a console that has no window
//     after=PATH              when this file is there, the next is done
//     event=0                 sends CTRL_C_EVENT to all of the console
//     terminate=CODE          ends the process from outside
//
// Beside the file, in one with `.exit` after its name, it writes the exit code as eight hexadecimal digits.

#include <windows.h>
#include <sddl.h>
#include <stdio.h>
#include <wchar.h>

static wchar_t text[1 << 20];
static wchar_t block[1 << 20];

static DWORD fail(const char *what)
{
    fprintf(stderr, "launch: %s: error %lu\n", what, GetLastError());
    return 1;
}

// The value of the entry `key=`, after `previous` or from the start.
static const wchar_t *find(const wchar_t *key, const wchar_t *previous)
{
    size_t length = wcslen(key);
    for (const wchar_t *entry = previous ? previous + wcslen(previous) + 1 : text; *entry; entry += wcslen(entry) + 1)
        if (!wcsncmp(entry, key, length) && entry[length] == '=')
            return entry + length + 1;
    return NULL;
}

// Names may begin with an equals sign.
static size_t name_length(const wchar_t *variable)
{
    return wcscspn(variable + (*variable != 0), L"=") + (*variable != 0);
}

static BOOL has_name(const wchar_t *variable, const wchar_t *other)
{
    size_t length = name_length(variable);
    return length == name_length(other) && !_wcsnicmp(variable, other, length);
}

static BOOL is_replaced(const wchar_t *variable)
{
    const wchar_t *entry = NULL;
    while ((entry = find(L"variable", entry)))
        if (has_name(variable, entry))
            return TRUE;
    while ((entry = find(L"without", entry)))
        if (has_name(variable, entry))
            return TRUE;
    return FALSE;
}

static void make_block(void)
{
    wchar_t *end = block;
    const wchar_t *entry = NULL;
    for (const wchar_t *own = GetEnvironmentStringsW(); *own; own += wcslen(own) + 1)
        if (!is_replaced(own))
            end = wcscpy(end, own) + wcslen(own) + 1;
    while ((entry = find(L"variable", entry)))
        end = wcscpy(end, entry) + wcslen(entry) + 1;
}

// The token of a user without an administrator's rights: what User Account Control gives to an administrator's programs, in
// which the group counts only where it is denied something.
static HANDLE restricted_token(void)
{
    HANDLE token, restricted = NULL;
    TOKEN_LINKED_TOKEN limited;
    DWORD size;
    SID_AND_ATTRIBUTES administrators = {0};
    ConvertStringSidToSidW(L"S-1-5-32-544", &administrators.Sid);
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &token)
        && GetTokenInformation(token, TokenLinkedToken, &limited, sizeof limited, &size)
        && DuplicateTokenEx(limited.LinkedToken, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenPrimary, &token))
        CreateRestrictedToken(token, 0, 1, &administrators, 0, NULL, 0, NULL, &restricted);
    return restricted;
}

static BOOL WINAPI pass_over(DWORD type)
{
    return type == CTRL_C_EVENT;
}

int wmain(int count, wchar_t **arguments)
{
    FILE *file = count == 2 ? _wfopen(arguments[1], L"rb") : NULL;
    if (!file)
        return fail("no file");
    fread(text, sizeof *text, sizeof text / sizeof *text - 2, file);
    fclose(file);
    make_block();
    SetConsoleCtrlHandler(pass_over, TRUE);
    DWORD flags = CREATE_UNICODE_ENVIRONMENT;
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (find(L"console", NULL)) {
        FreeConsole();
        if (!AllocConsole())
            return fail("console");
    }
    PROCESS_INFORMATION process;
    wchar_t *line = (wchar_t *)find(L"line", NULL);
    const wchar_t *directory = find(L"directory", NULL);
    BOOL is_started;
    if (find(L"restricted", NULL))
        is_started = CreateProcessAsUserW(restricted_token(), NULL, line, NULL, NULL, TRUE, flags, block, directory, &startup,
                                          &process);
    else
        is_started = CreateProcessW(NULL, line, NULL, NULL, TRUE, flags, block, directory, &startup, &process);
    if (!is_started)
        return fail("start");
    const wchar_t *mark = find(L"after", NULL);
    while (mark && GetFileAttributesW(mark) == INVALID_FILE_ATTRIBUTES
           && WaitForSingleObject(process.hProcess, 10) == WAIT_TIMEOUT)
        ;
    if (find(L"event", NULL) && !GenerateConsoleCtrlEvent(wcstoul(find(L"event", NULL), NULL, 10), 0))
        return fail("event");
    if (find(L"terminate", NULL))
        TerminateProcess(process.hProcess, wcstoul(find(L"terminate", NULL), NULL, 0));
    DWORD code = 0;
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    wchar_t path[MAX_PATH];
    swprintf(path, MAX_PATH, L"%ls.exit", arguments[1]);
    file = _wfopen(path, L"wb");
    fprintf(file, "%08lx", code);
    return fclose(file);
}
