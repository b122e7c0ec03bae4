// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {LeastBalance, LeastHealth, PlanCheck} from "../PlanCheck.sol";
import {Answering, Burning, Forging, Manner, Writing} from "./Answering.sol";
import {vm} from "./Vm.sol";

/// What the check lets through and what it refuses, with the very error. Run by forge.
contract PlanCheckTest {
    address private constant ACCOUNT = address(0xACC0);
    address private constant OTHER = address(0x07E4);
    uint256 private constant DEADLINE = 1_000_000;

    PlanCheck private _check;
    Answering private _token;
    Answering private _pool;

    function setUp() public {
        _check = new PlanCheck();
        _token = new Answering();
        _pool = new Answering();
        vm.warp(DEADLINE);
    }

    // ------------------------------------------------------------------------- the deadline

    function test_check__noBoundsAtTheDeadline__passes() public view {
        _check.check(DEADLINE, new LeastBalance[](0), new LeastHealth[](0));
    }

    function testFuzz_check__anyMoment__passesUpToTheDeadline(uint256 timestamp, uint256 deadline) public {
        vm.warp(timestamp);
        bytes memory expected = timestamp <= deadline ? bytes("") : _late(timestamp, deadline);
        _expect(deadline, new LeastBalance[](0), new LeastHealth[](0), timestamp <= deadline, expected);
    }

    function testFuzz_check__lateAndBroken__isLateFirst(uint256 least) public {
        vm.warp(DEADLINE + 1);
        _expectBalance(address(_token), least, _late(DEADLINE + 1, DEADLINE));
    }

    // ------------------------------------------------------------------------- balances

    function testFuzz_check__balance__passesFromItsLeastOn(uint256 balance, uint256 least) public {
        _token.set(ACCOUNT, balance, Manner.Honest);
        _token.set(OTHER, type(uint256).max, Manner.Honest);
        _expectBalance(address(_token), least, balance >= least ? bytes("") : _tooLow(balance, least));
    }

    function test_check__balanceAtItsLeastOrOneBelow__exact() public {
        _token.set(ACCOUNT, 7, Manner.Honest);
        _expectBalance(address(_token), 7, "");
        _expectBalance(address(_token), 8, _tooLow(7, 8));
    }

    function testFuzz_check__severalBalances__tellsTheFirstThatIsBroken(uint8 at, uint8 amount) public {
        uint256 count = uint256(amount) % 5 + 1;
        uint256 broken = uint256(at) % count;
        LeastBalance[] memory balances = new LeastBalance[](count);
        for (uint256 i = 0; i < count; ++i) {
            Answering token = new Answering();
            token.set(ACCOUNT, i < broken ? 10 : 9, Manner.Honest);
            balances[i] = LeastBalance(address(token), ACCOUNT, 10);
        }
        bytes memory expected =
            abi.encodeWithSelector(PlanCheck.BalanceTooLow.selector, balances[broken].token, ACCOUNT, 9, 10);
        _expect(DEADLINE, balances, new LeastHealth[](0), false, expected);
    }

    function test_check__twoAccountsOfOneToken__eachByItsOwn() public {
        _token.set(ACCOUNT, 5, Manner.Honest);
        _token.set(OTHER, 6, Manner.Honest);
        LeastBalance[] memory balances = new LeastBalance[](2);
        balances[0] = LeastBalance(address(_token), ACCOUNT, 5);
        balances[1] = LeastBalance(address(_token), OTHER, 6);
        _expect(DEADLINE, balances, new LeastHealth[](0), true, "");
        balances[0].least = 6;
        _expect(DEADLINE, balances, new LeastHealth[](0), false, _tooLow(5, 6));
    }

    // ------------------------------------------------------------------------- health

    function testFuzz_check__health__passesFromItsLeastOn(uint256 health, uint256 least) public {
        _pool.set(ACCOUNT, health, Manner.Honest);
        _pool.set(OTHER, type(uint256).max, Manner.Honest);
        bytes memory broken =
            abi.encodeWithSelector(PlanCheck.HealthTooLow.selector, address(_pool), ACCOUNT, health, least);
        _expectHealth(address(_pool), least, health >= least ? bytes("") : broken);
    }

    function test_check__healthAtItsLeastOrOneBelow__exact() public {
        _pool.set(ACCOUNT, 7, Manner.Honest);
        _expectHealth(address(_pool), 7, "");
        bytes memory broken = abi.encodeWithSelector(PlanCheck.HealthTooLow.selector, address(_pool), ACCOUNT, 7, 8);
        _expectHealth(address(_pool), 8, broken);
    }

    function test_check__balanceAndHealthBroken__tellsTheBalance() public view {
        LeastBalance[] memory balances = new LeastBalance[](1);
        balances[0] = LeastBalance(address(_token), ACCOUNT, 1);
        LeastHealth[] memory healths = new LeastHealth[](1);
        healths[0] = LeastHealth(address(_pool), ACCOUNT, 1);
        _expect(DEADLINE, balances, healths, false, _tooLow(0, 1));
    }

    // ------------------------------------------------------------------------- what does not answer

    function testFuzz_attack__noCode__refusedWhateverTheLeast(address asked, uint256 least) public view {
        vm.assume(asked.code.length == 0);
        _expectBalance(asked, least, _unanswered(asked));
        _expectHealth(asked, least, _unanswered(asked));
    }

    /// They have no code, yet they answer: the fourth with the question itself.
    function test_attack__precompiledContracts__refused() public view {
        for (uint160 number = 1; number <= 10; ++number) {
            _expectBalance(address(number), 0, _unanswered(address(number)));
            _expectHealth(address(number), 0, _unanswered(address(number)));
        }
    }

    function testFuzz_attack__revertingOrShort__refusedWhateverTheLeast(bool reverts, uint256 least) public {
        Answering asked = new Answering();
        asked.set(ACCOUNT, type(uint256).max, reverts ? Manner.Reverting : Manner.Short);
        _expectBalance(address(asked), least, _unanswered(address(asked)));
        _expectHealth(address(asked), least, _unanswered(address(asked)));
    }

    function test_attack__forgedErrors__toldAsNoAnswer() public {
        address asked = address(new Forging());
        _expectBalance(asked, 0, _unanswered(asked));
        _expectHealth(asked, 0, _unanswered(asked));
    }

    function test_attack__tokenThatBurnsTheGas__reverts() public {
        address asked = address(new Burning());
        LeastBalance[] memory balances = new LeastBalance[](1);
        balances[0] = LeastBalance(asked, ACCOUNT, 0);
        (bool passed,) = address(_check).call{gas: 200_000}(
            abi.encodeCall(PlanCheck.check, (DEADLINE, balances, new LeastHealth[](0)))
        );
        assert(!passed);
    }

    function test_attack__tokenThatWrites__refused() public {
        address asked = address(new Writing());
        _expectBalance(asked, 0, _unanswered(asked));
    }

    // ------------------------------------------------------------------------- what it is not

    function test_check__value__refused() public {
        assert(address(this).balance >= 1);
        bytes memory data = abi.encodeCall(PlanCheck.check, (DEADLINE, new LeastBalance[](0), new LeastHealth[](0)));
        (bool passed,) = address(_check).call{value: 1}(data);
        assert(!passed);
        (passed,) = address(_check).call{value: 1}("");
        assert(!passed);
    }

    function testFuzz_check__otherData__refused(bytes calldata data) public {
        vm.assume(data.length < 4 || bytes4(data) != PlanCheck.check.selector);
        (bool passed,) = address(_check).call(data);
        assert(!passed);
    }

    /// A batch whose arrays are cut off may not pass as one of fewer bounds.
    function testFuzz_check__dataCutOff__refused(uint16 cut) public {
        _token.set(ACCOUNT, 1, Manner.Honest);
        LeastBalance[] memory balances = new LeastBalance[](2);
        balances[0] = LeastBalance(address(_token), ACCOUNT, 1);
        balances[1] = LeastBalance(address(_token), ACCOUNT, 1);
        bytes memory data = abi.encodeCall(PlanCheck.check, (DEADLINE, balances, new LeastHealth[](0)));
        (bool passed,) = address(_check).call(data);
        assert(passed);
        uint256 length = uint256(cut) % data.length;
        assembly {
            mstore(data, length)
        }
        (passed,) = address(_check).call(data);
        assert(!passed);
    }

    // ------------------------------------------------------------------------- expectations

    function _tooLow(uint256 balance, uint256 least) private view returns (bytes memory) {
        return abi.encodeWithSelector(PlanCheck.BalanceTooLow.selector, address(_token), ACCOUNT, balance, least);
    }

    function _late(uint256 timestamp, uint256 deadline) private pure returns (bytes memory) {
        return abi.encodeWithSelector(PlanCheck.Late.selector, timestamp, deadline);
    }

    function _unanswered(address asked) private pure returns (bytes memory) {
        return abi.encodeWithSelector(PlanCheck.Unanswered.selector, asked, ACCOUNT);
    }

    function _expectBalance(address token, uint256 least, bytes memory expected) private view {
        LeastBalance[] memory balances = new LeastBalance[](1);
        balances[0] = LeastBalance(token, ACCOUNT, least);
        _expect(DEADLINE, balances, new LeastHealth[](0), expected.length == 0, expected);
    }

    function _expectHealth(address pool, uint256 least, bytes memory expected) private view {
        LeastHealth[] memory healths = new LeastHealth[](1);
        healths[0] = LeastHealth(pool, ACCOUNT, least);
        _expect(DEADLINE, new LeastBalance[](0), healths, expected.length == 0, expected);
    }

    function _expect(
        uint256 deadline,
        LeastBalance[] memory balances,
        LeastHealth[] memory healths,
        bool passes,
        bytes memory expected
    ) private view {
        bytes memory data = abi.encodeCall(PlanCheck.check, (deadline, balances, healths));
        (bool passed, bytes memory returned) = address(_check).staticcall(data);
        assert(passed == passes);
        assert(keccak256(returned) == keccak256(expected));
    }
}
