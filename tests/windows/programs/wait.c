// A command that goes on until it is told to end, and leaves marks of what happens to it:
//
//     wait obedient|slow|deaf DIRECTORY NAME [COMMAND...]
//
// DIRECTORY\NAME.alive is there as long as the process is, however it ends. It ends when NAME.stop is there, or, if obedient,
// when a console event comes, each of which is a line of NAME.event. NAME.end has the code with which it ends by itself: 33 or,
// after an event, 44. A slow one goes on after an event, and a deaf one doesn't handle any. The rest of the line is a process
// that it starts before anything else, and leaves alone.

#include <windows.h>
#include <stdio.h>
#include <wchar.h>

static wchar_t directory[MAX_PATH], name[MAX_PATH];
static volatile LONG event_came;

static wchar_t *mark(const wchar_t *extension)
{
    static wchar_t path[3 * MAX_PATH];
    swprintf(path, 3 * MAX_PATH, L"%ls\\%ls.%ls", directory, name, extension);
    return path;
}

static BOOL WINAPI on_event(DWORD type)
{
    wchar_t path[3 * MAX_PATH];
    swprintf(path, 3 * MAX_PATH, L"%ls\\%ls.event", directory, name);
    FILE *file = _wfopen(path, L"ab");
    fprintf(file, "%lu\n", type);
    fclose(file);
    InterlockedExchange(&event_came, 1);
    return TRUE;
}

static int end(int code)
{
    FILE *file = _wfopen(mark(L"end"), L"wb");
    fprintf(file, "%d\n", code);
    fclose(file);
    return code;
}

int wmain(int count, wchar_t **arguments)
{
    if (count < 4)
        return 2;
    BOOL is_slow = !lstrcmpW(arguments[1], L"slow");
    lstrcpynW(directory, arguments[2], MAX_PATH);
    lstrcpynW(name, arguments[3], MAX_PATH);
    if (lstrcmpW(arguments[1], L"deaf"))
        SetConsoleCtrlHandler(on_event, TRUE);
    if (count > 4) {
        // What the tests start has no blanks in it.
        static wchar_t line[32768];
        for (int i = 4; i < count; i++) {
            wcscat(line, arguments[i]);
            wcscat(line, L" ");
        }
        STARTUPINFOW startup = {.cb = sizeof startup};
        PROCESS_INFORMATION process;
        if (!CreateProcessW(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))
            return 3;
    }
    // The system removes it with the process.
    HANDLE alive = CreateFileW(mark(L"alive"), GENERIC_WRITE | DELETE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                               NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (alive == INVALID_HANDLE_VALUE)
        return 4;
    // Whatever becomes of the test, nothing goes on for longer than a minute.
    for (int turn = 0; turn < 6000; turn++) {
        if (event_came && !is_slow)
            return end(44);
        if (GetFileAttributesW(mark(L"stop")) != INVALID_FILE_ATTRIBUTES)
            return end(33);
        Sleep(10);
    }
    return 5;
}
